// SPDX-License-Identifier: Apache-2.0
// Intervals of shares hold what they say, computed and not simulated: the coverage of a share is a finite
// sum.
#include "xlt/stats/interval.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace xlt {
namespace {

double binomial(int64_t k, int64_t n, double p) {
  return std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) + k * std::log(p) +
                  (n - k) * std::log1p(-p));
}

std::vector<Interval> intervals_of(int64_t trials) {
  std::vector<Interval> intervals;
  for (int64_t successes = 0; successes <= trials; ++successes)
    intervals.push_back(share_interval(static_cast<double>(successes), static_cast<double>(trials)));
  return intervals;
}

// The chance that the interval of a sample holds the share.
double coverage(double share, const std::vector<Interval>& intervals) {
  const auto trials = static_cast<int64_t>(intervals.size()) - 1;
  double covered = 0;
  for (int64_t successes = 0; successes <= trials; ++successes)
    if (intervals[successes].low <= share && share <= intervals[successes].high)
      covered += binomial(successes, trials, share);
  return covered;
}

TEST(ShareInterval, F6CoversBetween92And99Percent) {
  for (int64_t trials : {20, 50, 150}) {
    const auto intervals = intervals_of(trials);
    for (double share : {0.02, 0.05, 0.5, 0.95}) {
      EXPECT_GE(coverage(share, intervals), 0.92) << share << " of " << trials;
      EXPECT_LE(coverage(share, intervals), 0.99) << share << " of " << trials;
    }
  }
}

// The same at every thousandth in between, where single shares of a discrete sum may dip: never below 87 %,
// and 94 to 96 % on average.
TEST(ShareInterval, F6HasNoDeepDips) {
  for (int64_t trials : {20, 50, 150}) {
    const auto intervals = intervals_of(trials);
    double least = 1, sum = 0;
    for (int thousandth = 5; thousandth <= 995; ++thousandth) {
      const double covered = coverage(thousandth / 1000.0, intervals);
      least = std::min(least, covered);
      sum += covered;
    }
    EXPECT_GE(least, 0.87) << trials;
    EXPECT_NEAR(sum / 991, 0.95, 0.01) << trials;
  }
}

// None of 50: 1 − 0.025^(1/50) = 7.1 %. All of 50: its mirror image.
TEST(ShareInterval, F6NoneOfFiftyHasAnUpperEnd) {
  EXPECT_EQ(share_interval(0, 50).low, 0);
  EXPECT_NEAR(share_interval(0, 50).high, 0.0711, 1e-4);
  EXPECT_NEAR(share_interval(50, 50).low, 1 - 0.0711, 1e-4);
  EXPECT_EQ(share_interval(50, 50).high, 1);
  EXPECT_NEAR(unseen_share(50), 0.0711, 1e-4);
}

TEST(ShareInterval, IsSymmetric) {
  const Interval few = share_interval(3, 40), many = share_interval(37, 40);
  EXPECT_NEAR(few.low, 1 - many.high, 1e-12);
  EXPECT_NEAR(few.high, 1 - many.low, 1e-12);
}

TEST(TOverNormal, FallsToOne) {
  EXPECT_NEAR(t_over_normal(2), 4.302652729911 / 1.959963984540, 1e-9);
  EXPECT_NEAR(t_over_normal(1e7), 1, 1e-6);
}

}  // namespace
}  // namespace xlt
