// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/logistic.h"

#include <cmath>

#include <gtest/gtest.h>

#include "xlt/base/rng.h"

namespace xlt {
namespace {

using Values = std::vector<double>;

TEST(Logistic, InterceptAloneIsTheLogitOfTheMeanTarget) {
  // Features of 0 leave the intercept: 3 of 4 rows are positive, log(3).
  const Values features(4, 0.0), targets = {1, 1, 1, 0};
  const LogisticFit fit = fit_logistic({features, 1, targets, 0.1}, nullptr, 1e-10);
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.intercept, std::log(3), 1e-8);
  EXPECT_EQ(fit.weights[0], 0);
}

TEST(Logistic, TheGradientVanishesAtTheMinimum) {
  // Rows ±1 with targets 1 and 0: the intercept is 0, and the weight solves l2 · w = 1 − sigmoid(w).
  const Values features = {1, -1}, targets = {1, 0};
  const double l2 = 0.05;
  const LogisticFit fit = fit_logistic({features, 1, targets, l2}, nullptr, 1e-12);
  EXPECT_NEAR(l2 * fit.weights[0], 1 - sigmoid(fit.weights[0]), 1e-11);
  EXPECT_NEAR(fit.intercept, 0, 1e-10);
}

TEST(Logistic, ATargetInBetweenIsThatManyRowsOfEither) {
  const Values features = {1, 2, 3, 1, 2, 3}, graded = {0.5, 1, 0, 0.5, 1, 0};
  const Values whole = {1, 1, 0, 0, 1, 0};
  const LogisticFit a = fit_logistic({features, 1, graded, 0.01}, nullptr, 1e-10);
  const LogisticFit b = fit_logistic({features, 1, whole, 0.01}, nullptr, 1e-10);
  EXPECT_NEAR(a.weights[0], b.weights[0], 1e-7);
  EXPECT_NEAR(a.intercept, b.intercept, 1e-7);
}

TEST(Logistic, AStartChangesTheWayNotTheEnd) {
  Rng rng(3);
  Values features, targets;
  for (int row = 0; row < 60; ++row) {
    for (int i = 0; i < 11; ++i) features.push_back(rng.normal());
    targets.push_back(features[features.size() - 3] + rng.normal() > 0 ? 1 : 0);
  }
  const LogisticFit strong = fit_logistic({features, 11, targets, 1}, nullptr, 1e-9);
  const LogisticFit cold = fit_logistic({features, 11, targets, 0.01}, nullptr, 1e-9);
  const LogisticFit warm = fit_logistic({features, 11, targets, 0.01}, &strong, 1e-9);
  ASSERT_TRUE(cold.converged && warm.converged);
  for (size_t i = 0; i < cold.weights.size(); ++i) EXPECT_NEAR(cold.weights[i], warm.weights[i], 1e-6);
}

TEST(Logistic, HugeLogitsStayFinite) {
  EXPECT_EQ(sigmoid(-1000), 0);
  EXPECT_EQ(sigmoid(1000), 1);
  EXPECT_EQ(log_loss(Values{1000, -1000}, Values{1, 0}), 0);
  EXPECT_EQ(log_loss(Values{1000}, Values{0}), 1000);
  EXPECT_NEAR(log_loss(Values{0}, Values{0.3}), std::log(2), 1e-15);
}

TEST(Temperature, LogitsThatAreTwiceTooSureHaveTwo) {
  // Of rows with logit ±log 3 · 2, three of four are right: log 3 would have been honest.
  const double logit = 2 * std::log(3);
  const Values logits = {logit, logit, logit, logit, -logit, -logit, -logit, -logit};
  EXPECT_NEAR(fit_temperature(logits, Values{1, 1, 1, 0, 0, 0, 0, 1}), 2, 1e-9);
}

TEST(Temperature, StaysWithinItsBounds) {
  EXPECT_NEAR(fit_temperature(Values{1, -1}, Values{1, 0}), 0.05, 1e-9);
  EXPECT_NEAR(fit_temperature(Values{1, -1}, Values{0, 1}), 20, 1e-6);
}

}  // namespace
}  // namespace xlt
