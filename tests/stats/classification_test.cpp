// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/classification.h"

#include <cmath>

#include <gtest/gtest.h>

namespace xlt {
namespace {

using Values = std::vector<double>;
using Labels = std::vector<bool>;

TEST(AreaUnderCurve, CountsPairsInOrderAndTiesHalf) {
  // Positive 0.9, 0.4; negative 0.4, 0.1: of four pairs three are in order and one is tied.
  const auto area = area_under_curve(Values{0.9, 0.4, 0.4, 0.1}, Labels{true, true, false, false});
  EXPECT_DOUBLE_EQ(area->value, 3.5 / 4);
  // Placements of the positives 1, 0.75, of the negatives 0.75, 1: each variance is 1/32, divided by 2.
  EXPECT_NEAR(area->std_error, std::sqrt(2.0 / 64), 1e-15);
  EXPECT_GT(area->ci95.low, 0);
  EXPECT_LT(area->ci95.high, 1);
}

TEST(AreaUnderCurve, IsAbsentForOneClass) {
  EXPECT_FALSE(area_under_curve(Values{0.1, 0.2}, Labels{true, true}));
  EXPECT_FALSE(area_under_curve(Values{}, Labels{}));
}

TEST(AreaUnderCurve, NoPairInTheWrongOrderIsNotCertainty) {
  const auto area = area_under_curve(Values{0.1, 0.2, 0.8, 0.9}, Labels{false, false, true, true});
  EXPECT_EQ(area->value, 1);
  EXPECT_NEAR(area->ci95.low, std::sqrt(0.025), 1e-12);  // of 2 trials
  EXPECT_EQ(area->ci95.high, 1);
  const auto one = area_under_curve(Values{0.1, 0.9}, Labels{false, true});
  EXPECT_EQ(one->ci95.low, 0);
}

TEST(Confusion, AScoreAtTheThresholdIsPositive) {
  const auto counts = confusion(Values{0.5, 0.5, 0.4, 0.4, 0.9}, Labels{true, false, true, false, true}, 0.5);
  EXPECT_EQ(counts.true_positives, 2);
  EXPECT_EQ(counts.false_positives, 1);
  EXPECT_EQ(counts.false_negatives, 1);
  EXPECT_EQ(counts.true_negatives, 1);
  EXPECT_DOUBLE_EQ(*counts.accuracy(), 0.6);
  EXPECT_DOUBLE_EQ(*counts.f1(), 4.0 / 6);
  EXPECT_FALSE(confusion(Values{0.1}, Labels{false}, 0.5).f1());
  EXPECT_FALSE(ConfusionCounts{}.accuracy());
}

TEST(Calibration, BrierAndTheErrorOfTenBins) {
  const Values scores = {0.05, 0.15, 0.95, 1.0};
  const Labels labels = {false, true, true, false};
  EXPECT_NEAR(*brier_score(scores, labels), (0.0025 + 0.7225 + 0.0025 + 1) / 4, 1e-15);
  // Bins: 0 by 0.05, 1 by −0.85, 9 by −0.05 + 1.
  EXPECT_NEAR(*calibration_error(scores, labels), (0.05 + 0.85 + 0.95) / 4, 1e-15);
  EXPECT_FALSE(brier_score(Values{}, Labels{}));
  EXPECT_FALSE(calibration_error(Values{}, Labels{}));
}

}  // namespace
}  // namespace xlt
