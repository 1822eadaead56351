// SPDX-License-Identifier: Apache-2.0
#include "findings/human/calibration.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json_or_null.h"
#include "xlt/stats/classification.h"
#include "xlt/stats/correlation.h"
#include "xlt/stats/interval.h"

namespace xlt {

namespace {

constexpr int kBins = 10;

// One text: what the scorer gave, what people did.
struct JudgedScore {
  double score, mean_rating, share_toxic;
};

struct ScoredTexts {
  std::vector<JudgedScore> texts;
  int64_t unscored = 0;
};

double mean_of_field(const std::vector<JudgedScore>& texts, double JudgedScore::*field) {
  double sum = 0;
  for (const JudgedScore& text : texts) sum += text.*field;
  return sum / static_cast<double>(texts.size());
}

Json bins_json(const std::vector<JudgedScore>& texts) {
  std::vector<std::vector<JudgedScore>> bins(kBins);
  for (const JudgedScore& text : texts)
    bins[std::clamp(static_cast<int>(std::floor(text.score * kBins)), 0, kBins - 1)].push_back(text);
  Json json = Json::array();
  for (int b = 0; b < kBins; ++b) {
    if (bins[b].empty()) continue;
    const double share = mean_of_field(bins[b], &JudgedScore::share_toxic);
    const auto count = static_cast<double>(bins[b].size());
    const Interval interval = share_interval(std::min(share * count, count), count);
    json.push_back(Json{{"low", b / double{kBins}},
                        {"high", (b + 1) / double{kBins}},
                        {"n", bins[b].size()},
                        {"mean_score", mean_of_field(bins[b], &JudgedScore::score)},
                        {"mean_rating", mean_of_field(bins[b], &JudgedScore::mean_rating)},
                        {"share_toxic", share},
                        {"ci95", {interval.low, interval.high}}});
  }
  return json;
}

Json statistics_json(const ScoredTexts& scored) {
  std::vector<double> scores, ratings;
  std::vector<bool> is_toxic;
  for (const JudgedScore& text : scored.texts) {
    scores.push_back(text.score);
    ratings.push_back(text.mean_rating);
    is_toxic.push_back(text.share_toxic >= 0.5);
  }
  const auto rank = correlation(scores, ratings, CorrelationKind::kSpearman);
  const auto area = area_under_curve(scores, is_toxic);
  return Json{
      {"n", scores.size()},
      {"unscored", scored.unscored},
      {"share_toxic", scores.empty() ? Json() : Json(mean_of_field(scored.texts, &JudgedScore::share_toxic))},
      {"spearman", rank ? Json(rank->value) : Json()},
      {"spearman_p", rank ? Json(rank->p_value) : Json()},
      {"auc", area ? Json(area->value) : Json()},
      {"auc_ci95", area ? Json{area->ci95.low, area->ci95.high} : Json()},
      {"brier", json_or_null(brier_score(scores, is_toxic))},
      {"ece", json_or_null(calibration_error(scores, is_toxic))}};
}

JudgedScore judged(double score, const std::map<std::string, double>& by_rater, double toxic_from) {
  JudgedScore text{score, 0, 0};
  const auto count = static_cast<double>(by_rater.size());
  for (const auto& [rater, rating] : by_rater) {
    text.mean_rating += rating;
    text.share_toxic += rating >= toxic_from ? 1 : 0;
  }
  text.mean_rating /= count;
  text.share_toxic /= count;
  return text;
}

}  // namespace

Json scorer_calibration(const CollectedRatings& collected, const RatingsOfQuestion& ratings,
                        double toxic_from) {
  std::map<std::string, std::map<std::string, ScoredTexts>> scorers;  // [scorer][language, or "" for all]
  for (const auto& [item, by_rater] : ratings) {
    const Json scores = collected.key.at(item).value("scores", Json());
    if (by_rater.empty() || !scores.is_object()) continue;
    for (const auto& [scorer, score] : scores.items())
      for (const std::string& language : {std::string(), language_of(collected, item)}) {
        ScoredTexts& scored = scorers[scorer][language];
        if (score.is_number())
          scored.texts.push_back(judged(score.get<double>(), by_rater, toxic_from));
        else
          ++scored.unscored;
      }
  }
  Json json = Json::object();
  for (const auto& [scorer, languages] : scorers) {
    Json own = statistics_json(languages.at("")), by_language = Json::object();
    own["toxic_from"] = toxic_from;
    own["bins"] = bins_json(languages.at("").texts);
    for (const auto& [language, scored] : languages)
      if (!language.empty()) by_language[language] = statistics_json(scored);
    own["languages"] = std::move(by_language);
    json[scorer] = std::move(own);
  }
  return json;
}

}  // namespace xlt
