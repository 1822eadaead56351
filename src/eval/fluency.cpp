// SPDX-License-Identifier: Apache-2.0
#include "eval/fluency.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "xlt/base/json_or_null.h"
#include "xlt/eval/evaluate.h"
#include "xlt/lm/seq2seq.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr const char *kPpl = "fluency_ppl", *kPaperPpl = "paper.fluency_ppl", *kBits = "fluency_bits";
constexpr const char* kIsSelected = "paper.dist_1";  // is there where no line is of another language

// Which items have a completion to judge, and what of it.
struct Judged {
  std::vector<size_t> items;
  std::vector<std::string> prompts, texts;
};

Judged judged(const std::vector<ScoredItem>& items, const std::vector<std::string>& prompts,
              const std::vector<std::string>& texts) {
  Judged found;
  for (size_t i = 0; i < items.size(); ++i) {
    if (is_blank(texts[i])) continue;
    found.items.push_back(i);
    found.prompts.push_back(prompts[i]);
    found.texts.push_back(texts[i]);
  }
  return found;
}

// CE_x · (n_x − 1)
double weighted_loss(const LogLikelihood& score) {
  const auto count = static_cast<double>(score.num_tokens);
  return -score.log_likelihood / count * (count - 1);
}

// What exceeds a double is larger than any other: it counts in a median.
double bounded_exp(double x) { return std::min(std::exp(x), std::numeric_limits<double>::max()); }

std::vector<std::optional<double>> published_perplexities(Seq2Seq& model, const Judged& judged) {
  std::vector<Seq2SeqRequest> requests;
  for (size_t k = 0; k < judged.items.size(); ++k)
    for (const std::string& text : {judged.prompts[k], judged.prompts[k] + judged.texts[k]})
      requests.push_back({text, text});
  const auto scores = model.log_likelihood(requests);
  std::vector<std::optional<double>> values;
  for (size_t k = 0; k < judged.items.size(); ++k) {
    const LogLikelihood &prompt = scores[2 * k], &full = scores[2 * k + 1];
    const int64_t added = full.num_tokens - prompt.num_tokens;
    const bool is_defined = prompt.num_tokens > 0 && full.num_tokens > 0 && added != 0;
    values.push_back(is_defined ? std::optional(bounded_exp((weighted_loss(full) - weighted_loss(prompt)) /
                                                            static_cast<double>(added)))
                                : std::nullopt);
  }
  return values;
}

std::vector<LogLikelihood> given_prompts(const Judged& judged, const EvalServices& services) {
  std::vector<LogLikelihoodRequest> requests;
  for (size_t k = 0; k < judged.items.size(); ++k) requests.push_back({judged.prompts[k], judged.texts[k]});
  if (services.judge) return services.judge->log_likelihood(requests);
  if (auto untouched = services.lm->base_log_likelihood(requests)) return std::move(*untouched);
  return services.lm->log_likelihood(requests);
}

void add_perplexity(ScoredItem& item, std::optional<double> value) {
  (*item.detail)[kPpl] = json_or_null(value);
  const auto selected = item.ratios.find(kIsSelected);
  if (!value) {
    item.absent[kPpl] = item.absent[kPaperPpl] = {Reason::kTooShort};
    return;
  }
  item.ratios[kPpl] = {*value, 1};
  if (selected != item.ratios.end())
    item.ratios[kPaperPpl] = {*value, 1};
  else if (const auto why = item.absent.find(kIsSelected); why != item.absent.end())
    item.absent[kPaperPpl] = why->second;
}

void add_bits(ScoredItem& item, const LogLikelihood& score, size_t num_bytes) {
  (*item.detail)["fluency"] = {
      {"log_likelihood", score.log_likelihood}, {"num_tokens", score.num_tokens}, {"num_bytes", num_bytes}};
  if (score.num_tokens > 0)
    item.ratios[kBits] = {-score.log_likelihood / std::numbers::ln2, static_cast<double>(num_bytes)};
  else
    item.absent[kBits] = {Reason::kNothingToScore};
}

// The published selection leaves a language out that has too few of them.
void leave_out_small_languages(std::vector<ScoredItem>& items, const std::string& language) {
  const int64_t least = language == "mt" ? 65 : 100;
  const auto selected = std::count_if(
      items.begin(), items.end(), [](const ScoredItem& item) { return item.ratios.contains(kIsSelected); });
  if (selected >= least || selected == 0) return;
  for (ScoredItem& item : items)
    if (item.ratios.erase(kPaperPpl) > 0)
      item.absent[kPaperPpl] = {Reason::kTooFewCompletions, std::to_string(least)};
}

}  // namespace

void add_fluency(std::vector<ScoredItem>& items, const std::vector<std::string>& prompts,
                 const std::vector<std::string>& texts, const CellInput& input) {
  const EvalServices& services = input.services;
  const bool has_model = services.seq2seq || services.judge;
  for (ScoredItem& item : items) {
    (*item.detail)[kPpl] = Json();
    const Unscored reason = has_model ? item.unscored : Unscored{Reason::kNoFluencyModel};
    if (!reason.empty()) item.absent[kPpl] = item.absent[kPaperPpl] = reason;
    if (!item.unscored.empty()) item.absent[kBits] = item.unscored;
  }
  const Judged found = judged(items, prompts, texts);
  if (found.items.empty()) return;
  const auto scores = given_prompts(found, services);
  std::vector<std::optional<double>> perplexities;
  if (services.seq2seq) perplexities = published_perplexities(*services.seq2seq, found);
  for (size_t k = 0; k < found.items.size(); ++k) {
    ScoredItem& item = items[found.items[k]];
    add_bits(item, scores[k], found.texts[k].size());
    if (services.seq2seq)
      add_perplexity(item, perplexities[k]);
    else if (services.judge)
      add_perplexity(item, scores[k].num_tokens > 0
                               ? std::optional(bounded_exp(-scores[k].log_likelihood /
                                                           static_cast<double>(scores[k].num_tokens)))
                               : std::nullopt);
  }
  if (has_model) leave_out_small_languages(items, input.language);
}

std::vector<MetricSpec> fluency_metrics(Scoring scoring, const EvalOptions& options) {
  const bool is_paper = scoring == Scoring::kPaper;
  std::vector<MetricSpec> specs{
      unbounded(with_formula(ratio_metric(kPpl, is_paper ? kPaperPpl : kPpl, false), "median"))};
  specs[0].is_headline = !options.fluency_model.empty();
  if (!is_paper) specs.push_back(headline(unbounded(ratio_metric("fluency_bits_per_byte", kBits, false))));
  return specs;
}

}  // namespace xlt
