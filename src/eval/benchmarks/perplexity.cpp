// SPDX-License-Identifier: Apache-2.0
// Bits per byte and token perplexity of running text: udhr/{lang}.jsonl, or flores/{lang}.txt. Bits per byte
// is comparable across tokenizers: it divides by the bytes that were scored, and the first token is
// conditioned on the start of a document (TextStart::kDocument). One way of scoring: both modes give the same
// numbers.
#include "eval/factories.h"
#include "eval/item_rows.h"
#include "eval/language_files.h"

#include <cmath>
#include <numbers>

#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

class Perplexity : public Benchmark {
 public:
  std::string description() const override { return "bits per byte and perplexity of running text"; }
  std::string version() const override { return "2"; }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united(languages_in(data / "udhr", ".jsonl"), languages_in(data / "flores", ".txt"));
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    const auto udhr = language_file(data / "udhr", language, ".jsonl"),
               flores = language_file(data / "flores", language, ".txt");
    return {std::filesystem::exists(flores) && !std::filesystem::exists(udhr) ? flores : udhr};
  }
  std::vector<SummarySubject> summary() const override {
    return {{"bits_per_byte", "bits per byte", /*is_cost=*/true}};
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    std::vector<std::string> texts, ids;
    for (const ItemRow& item : select_items(read_rows(input.files[0]), {"id"}, input.options)) {
      ids.push_back(item.id);
      texts.push_back(item.row.text("text"));
    }
    const auto scores = input.services.lm->rolling_log_likelihood(texts, TextStart::kDocument);
    std::vector<ScoredItem> items;
    for (size_t i = 0; i < texts.size(); ++i) {
      ScoredItem item{ids[i]};
      const double bytes = static_cast<double>(scores[i].num_bytes),
                   tokens = static_cast<double>(scores[i].num_tokens);
      item.detail = std::make_shared<Json>(Json{{"text", texts[i]},
                                                {"log_likelihood", scores[i].log_likelihood},
                                                {"num_tokens", scores[i].num_tokens},
                                                {"num_bytes", scores[i].num_bytes}});
      if (scores[i].num_tokens == 0) {
        item.unscored = {Reason::kNothingToScore};
      } else if (!std::isfinite(scores[i].log_likelihood)) {
        item.unscored = {Reason::kNotFinite};
      } else {
        item.ratios["bits"] = {-scores[i].log_likelihood / std::numbers::ln2, bytes};
        item.ratios["nats"] = {-scores[i].log_likelihood, tokens};
      }
      items.push_back(std::move(item));
    }
    return items;
  }

  std::vector<MetricSpec> metrics(Scoring, const EvalOptions&) const override {
    return {headline(unbounded(ratio_metric("bits_per_byte", "bits", false))),
            headline(unbounded(with_formula(ratio_metric("token_perplexity", "nats", false), "exp_ratio")))};
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_perplexity_benchmark() { return std::make_unique<Perplexity>(); }

}  // namespace xlt
