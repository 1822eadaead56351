// SPDX-License-Identifier: Apache-2.0
// Answers a file of cases for an oracle to look at (tests/parity/stats_parity.py); skipped without one.
#include <cstdlib>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/stats/agreement.h"
#include "xlt/stats/classification.h"
#include "xlt/stats/clustered_mean.h"
#include "xlt/stats/correlation.h"
#include "xlt/stats/descriptive.h"
#include "xlt/stats/distribution.h"
#include "xlt/stats/interval.h"
#include "xlt/stats/logistic.h"
#include "xlt/stats/multiplicity.h"
#include "xlt/stats/permutation.h"

namespace xlt {
namespace {

using Values = std::vector<double>;

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
Json json_of(const std::optional<Correlation>& value) {
  return value ? Json::array({value->value, value->p_value}) : Json();
}
Values values(const Json& json, const char* key) { return json.at(key).get<Values>(); }

CorrelationKind kind_of(const Json& json) {
  return json.at("rank") == true ? CorrelationKind::kSpearman : CorrelationKind::kPearson;
}

Json alpha(const Json& json) {
  Ratings ratings;
  for (const Json& unit : json.at("ratings")) {
    ratings.emplace_back();
    for (const Json& rating : unit)
      ratings.back().push_back(rating.is_null() ? std::nullopt : std::optional(rating.get<double>()));
  }
  return json_of(krippendorff_alpha(ratings, static_cast<MeasurementLevel>(json.at("level").get<int>())));
}

// [mean, standard errors by item, rater, judgement]
Json clustered(const Json& json) {
  const auto mean = clustered_mean(values(json, "values"), json.at("items").get<std::vector<int64_t>>(),
                                   json.at("raters").get<std::vector<int64_t>>());
  return Json::array({mean->value, mean->item_error, mean->rater_error, mean->pair_error});
}

// [area, standard error, accuracy, f1, Brier, calibration error]
Json classification(const Json& json) {
  const Values scores = values(json, "scores");
  const auto labels = json.at("labels").get<std::vector<bool>>();
  const auto area = area_under_curve(scores, labels);
  const ConfusionCounts counts = confusion(scores, labels, 0.5);
  return Json::array({area->value, area->std_error, *counts.accuracy(), *counts.f1(),
                      *brier_score(scores, labels), *calibration_error(scores, labels)});
}

Json logistic(const Json& json) {
  const Values features = values(json, "features"), targets = values(json, "targets");
  LogisticFit fit = fit_logistic({features, json.at("width"), targets, json.at("l2")}, nullptr, 1e-11);
  fit.weights.push_back(fit.intercept);
  return fit.weights;
}

const std::map<std::string, std::function<Json(const Json&)>> kAnswers{
    {"classification", classification},
    {"clustered_mean", clustered},
    {"logistic", logistic},
    {"temperature", [](const Json& j) { return Json(fit_temperature(values(j, "x"), values(j, "y"))); }},
    {"beta_cdf", [](const Json& j) { return Json(beta_cdf(j.at("x"), j.at("a"), j.at("b"))); }},
    {"beta_quantile", [](const Json& j) { return Json(beta_quantile(j.at("p"), j.at("a"), j.at("b"))); }},
    {"t_two_sided", [](const Json& j) { return Json(t_two_sided(j.at("t"), j.at("df"))); }},
    {"t_quantile", [](const Json& j) { return Json(t_quantile(j.at("p"), j.at("df"))); }},
    {"normal_quantile", [](const Json& j) { return Json(normal_quantile(j.at("p"))); }},
    {"ranks", [](const Json& j) { return Json(ranks_of(values(j, "x"))); }},
    {"holm", [](const Json& j) { return Json(holm(values(j, "p"))); }},
    {"benjamini_hochberg", [](const Json& j) { return Json(benjamini_hochberg(values(j, "p"))); }},
    {"correlation",
     [](const Json& j) { return json_of(correlation(values(j, "x"), values(j, "y"), kind_of(j))); }},
    {"partial_correlation",
     [](const Json& j) {
       return json_of(partial_correlation(values(j, "x"), values(j, "y"),
                                          j.at("given").get<std::vector<Values>>(), kind_of(j)));
     }},
    {"krippendorff", alpha},
    {"cohen", [](const Json& j) { return json_of(cohen_kappa(values(j, "a"), values(j, "b"))); }},
    {"fleiss",
     [](const Json& j) {
       return json_of(fleiss_kappa(j.at("counts").get<std::vector<std::vector<int64_t>>>()));
     }},
    {"share_interval",
     [](const Json& j) {
       const Interval interval = share_interval(j.at("successes"), j.at("trials"));
       return Json::array({interval.low, interval.high});
     }},
    {"sign_flip",
     [](const Json& j) {
       const auto result = sign_flip_test(values(j, "x"), Rng(1), j.at("draws").get<int64_t>());
       return Json::array({result->p_value, result->is_exact});
     }},
};

TEST(Stats, AnswersAnOracle) {
  const char* folder = std::getenv("XLT_STATS_ORACLE");
  if (!folder) GTEST_SKIP() << "no XLT_STATS_ORACLE; tests/parity/stats_parity.py sets it";
  Json answers = Json::array();
  for (const Json& question : load_json(fs::path(folder) / "cases.json"))
    answers.push_back(kAnswers.at(question.at("what").get<std::string>())(question));
  write_file(fs::path(folder) / "answers.json", dump_json(answers));
  EXPECT_FALSE(answers.empty());
}

}  // namespace
}  // namespace xlt
