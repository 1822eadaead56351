// SPDX-License-Identifier: Apache-2.0
#include "eval/pair_scoring.h"

#include <cmath>

#include "xlt/base/json.h"

namespace xlt {

Json SentenceScore::to_json(const std::string& text) const {
  Json json{{"text", text}, {"log_likelihood", log_likelihood}, {"num_tokens", num_tokens}};
  if (padded)
    json["padded"] = {{"log_likelihood", padded->log_likelihood}, {"num_tokens", padded->num_tokens}};
  return json;
}

std::vector<SentenceScore> score_sentences(LanguageModel& lm, const std::vector<std::string>& sentences) {
  const std::optional<double> bos = lm.bos_log_likelihood();
  std::vector<SentenceScore> scores;
  for (const LogLikelihood& result : lm.rolling_log_likelihood(sentences, TextStart::kDocument)) {
    SentenceScore score{result.log_likelihood, result.num_tokens};
    const double tokens = static_cast<double>(result.num_tokens);
    score.corrected = result.num_tokens > 0 ? result.log_likelihood / tokens : 0;
    score.paper = bos ? (result.log_likelihood + *bos) / (tokens + 1) : score.corrected;
    if (result.num_tokens == 0) {
      score.unscored = {Reason::kSentenceWithoutTokens};
    } else if (!std::isfinite(result.log_likelihood)) {
      score.unscored = {Reason::kNotFinite};
    }
    scores.push_back(score);
  }
  return scores;
}

void add_preference(ScoredItem& item, const SentenceScore& first, const SentenceScore& second) {
  item.unscored = first.unscored.empty() ? second.unscored : first.unscored;
  if (!item.unscored.empty()) return;
  const auto half_credit = [](double a, double b) { return a > b ? 1 : a == b ? 0.5 : 0; };
  item.ratios["paper.preferred"] = {first.paper > second.paper ? 1.0 : 0.0, 1};
  item.ratios["corrected.preferred"] = {half_credit(first.corrected, second.corrected), 1};
  item.ratios["corrected.sum"] = {half_credit(first.log_likelihood, second.log_likelihood), 1};
  item.ratios["flipped"] = {
      item.ratios["paper.preferred"].numerator == item.ratios["corrected.preferred"].numerator ? 0.0 : 1.0,
      1};
  item.ratios["likelihood_diff"] = {std::abs(first.log_likelihood - second.log_likelihood), 1};
}

}  // namespace xlt
