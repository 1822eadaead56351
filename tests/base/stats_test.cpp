// SPDX-License-Identifier: Apache-2.0
// Means of nothing are absent, and intervals cover.
#include "xlt/base/stats.h"

#include "base/base_testing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

TEST(Mean, IsTheMeanAndNothingForNoValues) {
  EXPECT_EQ(mean_of(Values{1, 2, 6}), 3.0);
  EXPECT_EQ(mean_of(Values{}), std::nullopt);
}

TEST(Median, IsTheMiddleOrTheMeanOfTheTwo) {
  EXPECT_EQ(median_of({5, 1, 3}), 3.0);
  EXPECT_EQ(median_of({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median_of({}), std::nullopt);
}

// 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squared deviations 9+1+1+1+0+0+4+16 = 32, over n − 1 = 7.
TEST(StandardDeviation, DividesByOneLessThanTheCount) {
  EXPECT_DOUBLE_EQ(sd_of(Values{2, 4, 4, 4, 5, 5, 7, 9}).value(), std::sqrt(32.0 / 7));
  EXPECT_EQ(sd_of(Values{3}), std::nullopt);
  EXPECT_EQ(sd_of(Values{}), std::nullopt);
}

// A statistic that counts its calls takes the values 0, 1 … 999: the interval is their 2.5 % and 97.5 %
// quantiles by linear interpolation, 0.025 · 999 = 24.975 and 0.975 · 999 = 974.025.
TEST(Bootstrap, TakesInterpolatedPercentilesOfTheResamples) {
  double calls = 0;
  const auto interval = bootstrap_ci95(
      2, [&](auto) { return calls++; }, Rng(1));
  EXPECT_NEAR(interval->low, 24.975, 1e-9);
  EXPECT_NEAR(interval->high, 974.025, 1e-9);
}

TEST(Bootstrap, DrawsAsManyItemsAsThereAreWithRepeats) {
  std::vector<int64_t> counts(5);
  int64_t draws = 0, with_repeats = 0;
  bootstrap_ci95(
      5,
      [&](std::span<const int64_t> drawn) {
        EXPECT_EQ(drawn.size(), 5u);
        std::vector<int64_t> sorted(drawn.begin(), drawn.end());
        std::sort(sorted.begin(), sorted.end());
        with_repeats += std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
        for (int64_t index : drawn) ++counts.at(static_cast<size_t>(index));
        ++draws;
        return 0.0;
      },
      Rng(2), 2000);
  EXPECT_EQ(draws, 2000);
  for (int64_t count : counts) EXPECT_NEAR(static_cast<double>(count), 2000, 200);  // five deviations of 40
  // All five differ in 5!/5^5 = 3.84 % of the resamples: 1923 ± 8.6 of 2000 repeat one.
  EXPECT_NEAR(static_cast<double>(with_repeats), 1923, 43);
}

TEST(Bootstrap, IsDeterminedByDataAndKey) {
  const Values values{1, 5, 2, 8, 4, 4, 9, 0};
  const auto first = mean_estimate(values, Rng(3)).ci95, again = mean_estimate(values, Rng(3)).ci95;
  const auto other = mean_estimate(values, Rng(4)).ci95;
  EXPECT_EQ(first->low, again->low);
  EXPECT_EQ(first->high, again->high);
  EXPECT_TRUE(first->low != other->low || first->high != other->high);
}

TEST(Bootstrap, LeavesOutUndefinedResamples) {
  int calls = 0;
  const auto interval = bootstrap_ci95(
      3, [&](auto) { return calls++ % 2 ? kNan : 7.0; }, Rng(1));
  EXPECT_EQ(interval->low, 7);
  EXPECT_EQ(interval->high, 7);
  EXPECT_FALSE(bootstrap_ci95(
      3, [](auto) { return kNan; }, Rng(1)));
}

TEST(Bootstrap, GivesNoIntervalForFewerThanTwoItems) {
  const auto zero = [](auto) { return 0.0; };
  EXPECT_FALSE(bootstrap_ci95(1, zero, Rng(1)));
  EXPECT_FALSE(bootstrap_ci95(0, zero, Rng(1)));
}

// 300 samples of 40 normals: a 95 % percentile interval covers about 94 % here; five standard errors are 6.9
// points.
TEST(Bootstrap, CoversTheTrueMeanAsOftenAsItSays) {
  Rng rng(8);
  int covered = 0;
  for (int sample = 0; sample < 300; ++sample) {
    Values values(40);
    for (double& value : values) value = 10 + rng.normal();
    const Interval interval = *mean_estimate(values, rng.fork("bootstrap").fork(sample)).ci95;
    covered += interval.low <= 10 && 10 <= interval.high;
  }
  EXPECT_NEAR(covered / 300.0, 0.94, 0.069);
}

TEST(MeanEstimate, CarriesItsCount) {
  const Estimate estimate = mean_estimate(Values{1, 2, 3, 6}, Rng(1));
  EXPECT_EQ(estimate.value, 3.0);
  EXPECT_EQ(estimate.n, 4);
  EXPECT_LE(estimate.ci95->low, 3);
  EXPECT_GE(estimate.ci95->high, 3);
  EXPECT_FALSE(mean_estimate(Values{}, Rng(1)).value);
  EXPECT_EQ(mean_estimate(Values{}, Rng(1)).n, 0);
  EXPECT_EQ(mean_estimate(Values{2}, Rng(1)).value, 2.0);
  EXPECT_FALSE(mean_estimate(Values{2}, Rng(1)).ci95);
}

// Both sides vary widely and together: the paired interval does not see that.
TEST(PairedDifference, IsTakenItemByItem) {
  const Values a{101, 2, 53, 1004}, b{100, 1, 52, 1003};
  const Estimate estimate = paired_difference(a, b, Rng(1));
  EXPECT_EQ(estimate.value, 1.0);
  EXPECT_EQ(estimate.ci95->low, 1);
  EXPECT_EQ(estimate.ci95->high, 1);
  EXPECT_EQ(estimate.n, 4);
}

TEST(PairedDifference, LeavesOutItemsNotMeasuredOnBothSides) {
  const Estimate estimate = paired_difference(Values{3, kNan, 5, 1}, Values{1, 2, kNan, 1}, Rng(1));
  EXPECT_EQ(estimate.value, 1.0);  // (2 + 0) / 2
  EXPECT_EQ(estimate.n, 2);
  EXPECT_FALSE(paired_difference(Values{kNan}, Values{1}, Rng(1)).value);
}

TEST(PairedDifference, RefusesSidesOfDifferentLength) {
  EXPECT_EQ(error_of([] {
              paired_difference(Values{1, 2}, Values{1}, Rng(1));
            }).kind(),
            ErrorKind::kInternal);
}

}  // namespace
}  // namespace xlt
