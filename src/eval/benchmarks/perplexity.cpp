// SPDX-License-Identifier: Apache-2.0
// Bits per byte and token perplexity of running text: udhr/{lang}.jsonl, or flores/{lang}.txt. Bits per byte
// is comparable across tokenizers; the first token is conditioned on BOS where the tokenizer adds one and
// left out otherwise. One way of scoring: both modes give the same numbers.
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/row_id.h"

#include <cmath>
#include <numbers>

#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

class Perplexity : public Benchmark {
 public:
  const char* description() const override { return "bits per byte and perplexity of running text"; }
  const char* version() const override { return "1"; }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united(languages_in(data / "udhr", ".jsonl"), languages_in(data / "flores", ".txt"));
  }
  std::filesystem::path file(const std::filesystem::path& data, const std::string& language) const override {
    const auto flores = data / "flores" / (language + ".txt");
    return std::filesystem::exists(flores) && !std::filesystem::exists(data / "udhr" / (language + ".jsonl"))
               ? flores
               : data / "udhr" / (language + ".jsonl");
  }

  std::vector<ScoredItem> score(const std::filesystem::path& file, const std::string&,
                                const BenchmarkContext& context) const override {
    std::vector<std::string> texts, ids;
    for (const Row& row : read_rows(file)) {
      if (context.options.limit > 0 && static_cast<int64_t>(texts.size()) == context.options.limit) break;
      ids.push_back(row_id(row, {"id"}, texts.size()));
      texts.push_back(row.text("text"));
    }
    ids = unique_ids(std::move(ids));
    const auto scores = context.lm.rolling_log_likelihood(texts);
    std::vector<ScoredItem> items;
    for (size_t i = 0; i < texts.size(); ++i) {
      ScoredItem item{ids[i]};
      const double bytes = static_cast<double>(texts[i].size()),
                   tokens = static_cast<double>(scores[i].num_tokens);
      item.detail = std::make_shared<Json>(Json{{"text", texts[i]},
                                                {"log_likelihood", scores[i].log_likelihood},
                                                {"num_tokens", scores[i].num_tokens},
                                                {"num_bytes", texts[i].size()}});
      if (scores[i].num_tokens == 0) {
        item.unscored = "nothing to score";
      } else if (!std::isfinite(scores[i].log_likelihood)) {
        item.unscored = "a log-likelihood that is not finite";
      } else {
        item.ratios["bits"] = {-scores[i].log_likelihood / std::numbers::ln2, bytes};
        item.ratios["nats"] = {-scores[i].log_likelihood, tokens};
      }
      items.push_back(std::move(item));
    }
    return items;
  }

  std::vector<MetricSpec> metrics(const std::string&) const override {
    return {headline(unbounded(ratio_metric("bits_per_byte", "bits", false))),
            headline(unbounded(with_formula(ratio_metric("token_perplexity", "nats", false), "exp_ratio")))};
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_perplexity_benchmark() { return std::make_unique<Perplexity>(); }

}  // namespace xlt
