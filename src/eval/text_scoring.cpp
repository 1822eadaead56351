// SPDX-License-Identifier: Apache-2.0
#include "eval/text_scoring.h"

#include <cmath>
#include <numbers>

#include "xlt/base/json.h"

namespace xlt {

std::vector<ScoredItem> score_texts(LanguageModel& lm, const std::vector<std::string>& ids,
                                    const std::vector<std::string>& texts) {
  const auto scores = lm.rolling_log_likelihood(texts, TextStart::kDocument);
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

std::vector<MetricSpec> text_metrics() {
  return {headline(unbounded(ratio_metric("bits_per_byte", "bits", false))),
          headline(unbounded(with_formula(ratio_metric("token_perplexity", "nats", false), "exp_ratio")))};
}

}  // namespace xlt
