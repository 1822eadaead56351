// SPDX-License-Identifier: Apache-2.0
// Completions of any system under our metrics: toxicity at k = --num-samples (and --at-k), language
// consistency by lines and words, diversity. Nothing is generated and no model is asked, so what counts a
// model's own tokens is absent. An item's consistency and diversity are those of its samples together.
#include "eval/benchmarks/completions.h"

#include "eval/completion_rows.h"
#include "eval/continuation_quality.h"
#include "eval/item_rows.h"
#include "eval/refusals.h"

#include <algorithm>
#include <optional>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// Adds the ratios of one more completion; a ratio is absent only where no completion has it.
void merge(ScoredItem& item, const ScoredItem& more) {
  for (const auto& [name, ratio] : more.ratios) {
    if (name == "empty") continue;  // judge_completions counts them
    item.ratios[name].numerator += ratio.numerator;
    item.ratios[name].denominator += ratio.denominator;
    item.absent.erase(name);
  }
  for (const auto& [name, reason] : more.absent)
    if (!item.ratios.contains(name)) item.absent.try_emplace(name, reason);
}

class Completions : public Benchmark {
 public:
  explicit Completions(const EvalOptions& options)
      : files_(options.completions.begin(), options.completions.end()),
        language_(only_language(options.langs)),
        num_samples_(options.sampling.num_samples) {}

  std::string description() const override { return "completions of any system, from files"; }
  std::string version() const override { return "2"; }
  // Not a flag of its own: k of the toxicity metrics, which a comparison must share.
  void visit(OptionVisitor& v) override { v.field("num_samples", num_samples_, "k of toxicity at k"); }
  BenchmarkUses uses() const override { return {.model = false, .scorers = true, .identifier = true}; }
  std::vector<SummarySubject> summary() const override {
    return {{"expected_max_toxicity", "toxicity (expected maximum)"},
            {"line_pass_rate", "language consistency", /*is_cost=*/true},
            {"dist_1", "distinct words", /*is_cost=*/true}};
  }
  std::vector<std::string> languages(const std::filesystem::path&) const override {
    std::vector<std::string> tags;
    for (const auto& [language, prompts] : by_language()) tags.push_back(language);
    return tags;
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path&, const std::string&) const override {
    return files_;
  }
  std::vector<std::filesystem::path> other_files(const std::filesystem::path& data) const override {
    if (data.empty()) return {};
    return {data / "language_confusion" / "words.txt"};
  }
  // Ids and prompts, not completions: two systems are compared on the same prompts. And the phrases, which
  // lie in no folder.
  std::map<std::string, std::string> data_hashes(const std::vector<std::filesystem::path>&,
                                                 const std::string& language) const override {
    Json prompts = Json::array();
    if (const auto found = by_language().find(language); found != by_language().end())
      for (const SampledPrompt& prompt : found->second) prompts.push_back({prompt.id, prompt.prompt});
    std::map<std::string, std::string> hashes{{"prompts", sha256(dump_json(prompts))}};
    if (const Refusals refusals(language, {}); refusals.is_known()) hashes[refusals.name()] = refusals.hash();
    return hashes;
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const auto prompts = chosen_prompts(input);
    if (prompts.empty())
      throw Error(ErrorKind::kData, "no completions in " + input.language, files_[0].string());
    warn_of_few_samples(prompts, input);
    const auto others = other_files(input.options.data);
    const auto english = others.empty() ? std::unordered_set<std::string>{} : read_english_words(others[0]);
    const Refusals refusals(input.language, {});
    auto items = judge_completions(prompts, input);
    for (size_t i = 0; i < items.size(); ++i) {
      if (!prompts[i].unscored.empty()) continue;
      for (const std::string& text : prompts[i].completions)
        merge(items[i], completion_quality(items[i].id, prompts[i].prompt, text, english, input));
      add_refusals(items[i], prompts[i], refusals, input.language);
      if (input.services.scorers.empty()) add_no_scorer(items[i], input.options);
    }
    return items;
  }

  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const override {
    std::vector<MetricSpec> specs = toxicity_metrics(scoring, options);
    for (const MetricSpec& spec : quality_metrics(scoring))
      if (std::none_of(specs.begin(), specs.end(),
                       [&](const MetricSpec& known) { return known.name == spec.name; }))
        specs.push_back(spec);
    specs.push_back(ratio_metric("refusal_rate", "refusal", false));
    return specs;
  }

 private:
  using ByLanguage = std::map<std::string, std::vector<SampledPrompt>>;
  const ByLanguage& by_language() const {
    if (!by_language_) by_language_ = read_completion_rows(files_, language_);
    return *by_language_;
  }

  std::vector<SampledPrompt> chosen_prompts(const CellInput& input) const {
    const auto found = by_language().find(input.language);
    if (found == by_language().end()) return {};
    std::vector<std::string> ids;
    for (const SampledPrompt& prompt : found->second) ids.push_back(prompt.id);
    std::vector<SampledPrompt> prompts;
    for (const size_t i : chosen_items(ids, input.options)) prompts.push_back(found->second[i]);
    return prompts;
  }

  // Said once: nobody who passes four samples a prompt wants k = 25.
  void warn_of_few_samples(const std::vector<SampledPrompt>& prompts, const CellInput& input) const {
    const auto count_of = [&](const SampledPrompt& prompt) {
      return prompt.unscored.empty() ? static_cast<int64_t>(prompt.completions.size()) : num_samples_;
    };
    const auto fewest = std::min_element(prompts.begin(), prompts.end(), [&](const auto& a, const auto& b) {
      return count_of(a) < count_of(b);
    });
    const int64_t count = count_of(*fewest);
    if (has_warned_ || count >= num_samples_) return;
    has_warned_ = true;
    input.context.warn(str_cat("item ", fewest->id, " (", input.language, ") has ", count, " of the ",
                               num_samples_,
                               " samples that toxicity is given for; items with fewer are unscored: "
                               "give --num-samples ",
                               count, ", or --at-k"));
  }

  // Of all completions, the empty ones too.
  static void add_refusals(ScoredItem& item, const SampledPrompt& prompt, const Refusals& refusals,
                           const std::string& language) {
    if (!refusals.is_known()) {
      item.absent["refusal"] = {Reason::kNoRefusalPhrases, language};
      return;
    }
    Ratio& refused = item.ratios["refusal"];
    for (const std::string& text : prompt.completions) {
      refused.numerator += refusals.found_in(text);
      ++refused.denominator;
    }
  }

  static void add_no_scorer(ScoredItem& item, const EvalOptions& options) {
    for (const Scoring scoring : {Scoring::kPaper, Scoring::kCorrected})
      for (const MetricSpec& spec : toxicity_metrics(scoring, options))
        for (const std::string& ratio : spec.ratios)
          if (!item.ratios.contains(ratio)) item.absent.try_emplace(ratio, Unscored{Reason::kNoScorer});
  }

  std::vector<std::filesystem::path> files_;
  std::string language_;  // of rows that name none
  int64_t num_samples_;
  mutable std::optional<ByLanguage> by_language_;  // read when first asked for
  mutable bool has_warned_ = false;
};

}  // namespace

std::unique_ptr<Benchmark> make_completions_benchmark(const EvalOptions& options) {
  return std::make_unique<Completions>(options);
}

}  // namespace xlt
