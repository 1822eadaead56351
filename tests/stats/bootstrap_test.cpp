// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "xlt/stats/descriptive.h"

namespace xlt {
namespace {

using Ids = std::vector<std::string>;

Ids ids(int count) {
  Ids result;
  for (int i = 0; i < count; ++i) result.push_back(std::to_string(i));
  return result;
}

// Replicates of a mean of items.
std::vector<double> means(const BootstrapWeights& weights, const std::vector<double>& values) {
  std::vector<double> replicates;
  for (int64_t draw = 0; draw < weights.draws(); ++draw) {
    const auto w = weights.of(draw);
    const double sum = std::inner_product(w.begin(), w.end(), values.begin(), 0.0);
    replicates.push_back(sum / std::accumulate(w.begin(), w.end(), 0.0));
  }
  return replicates;
}

TEST(BootstrapWeights, DependOnStreamIdAndDrawAlone) {
  const Ids some{"a", "b", "c"}, others{"x", "c", "a"};
  const BootstrapWeights first(Rng(1), some, 5), second(Rng(1), others, 9), third(Rng(2), some, 5);
  for (int64_t draw = 0; draw < 5; ++draw) {
    EXPECT_EQ(first.of(draw)[0], second.of(draw)[2]);
    EXPECT_EQ(first.of(draw)[2], second.of(draw)[1]);
    EXPECT_NE(first.of(draw)[0], third.of(draw)[0]);
    EXPECT_NE(first.of(draw)[0], first.of(draw)[1]);
  }
}

// A standard exponential has mean 1, variance 1 and third central moment 2.
TEST(BootstrapWeights, AreStandardExponentials) {
  const BootstrapWeights weights(Rng(3), ids(100), 2000);
  double mean = 0, second = 0, third = 0;
  for (int64_t draw = 0; draw < weights.draws(); ++draw)
    for (double weight : weights.of(draw)) {
      mean += weight / 200000;
      second += (weight - 1) * (weight - 1) / 200000;
      third += std::pow(weight - 1, 3) / 200000;
    }
  EXPECT_NEAR(mean, 1, 0.011);    // five standard errors
  EXPECT_NEAR(second, 1, 0.032);  // √(8 / 200000) · 5
  EXPECT_NEAR(third, 2, 0.17);
}

// Var Σ weight · x of 3 runs 1, 2, 6: s² / 3 = 7 / 3.
TEST(RunWeights, SpreadAsAMeanOfRunsDoes) {
  const std::vector<double> runs{1, 2, 6};
  std::vector<double> sums;
  for (const auto& weights : run_weights(Rng(4), 3, 20000)) {
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1, 1e-12);
    sums.push_back(std::inner_product(weights.begin(), weights.end(), runs.begin(), 0.0));
  }
  EXPECT_NEAR(mean_of(sums).value(), 3, 0.06);
  EXPECT_NEAR(std::pow(sd_of(sums).value(), 2), 7.0 / 3, 0.12);
  for (const auto& weights : run_weights(Rng(4), 1, 3)) EXPECT_EQ(weights, std::vector<double>{1});
}

// Half an item at each bound makes the draws of 0/1 items beta(successes + ½, failures + ½): Jeffreys'
// interval, but for Monte-Carlo error.
TEST(Smooth, MakesSharesJeffreysPosterior) {
  for (int successes : {1, 4, 13}) {
    std::vector<double> values(20);
    std::fill_n(values.begin(), successes, 1.0);
    const BootstrapWeights weights(Rng(5), ids(20), 40000);
    auto replicates = means(weights, values);
    smooth(replicates, weights, {0, 1}, Rng(5));
    const Interval drawn = *bootstrap_interval(replicates, successes / 20.0, 1),
                   exact = share_interval(successes, 20);
    EXPECT_NEAR(drawn.low, exact.low, 0.006);
    EXPECT_NEAR(drawn.high, exact.high, 0.006);
  }
}

TEST(BootstrapInterval, IsTheMiddleOfTheReplicatesStretchedAboutTheEstimate) {
  std::vector<double> replicates;
  for (int i = 999; i >= 0; --i) replicates.push_back(i);
  replicates.push_back(std::numeric_limits<double>::quiet_NaN());  // undefined: left out
  const Interval plain = *bootstrap_interval(replicates, 500, 1),
                 wide = *bootstrap_interval(replicates, 500, 2);
  EXPECT_NEAR(plain.low, 24.975, 1e-9);
  EXPECT_NEAR(plain.high, 974.025, 1e-9);
  EXPECT_NEAR(wide.low, 500 - 2 * 475.025, 1e-9);
  EXPECT_FALSE(bootstrap_interval({1}, 1, 1));
}

// 400 samples of 20 normals: with t and the missing spread the interval covers 94 %; five standard errors are
// 6 points. The percentile bootstrap covers 91 %.
TEST(BootstrapInterval, CoversTheMeanOfFewItems) {
  Rng rng(8);
  int covered = 0;
  for (int sample = 0; sample < 400; ++sample) {
    std::vector<double> values(20);
    for (double& value : values) value = 10 + rng.normal();
    const BootstrapWeights weights(rng.fork("weights").fork(sample), ids(20), 400);
    const auto interval = bootstrap_interval(means(weights, values), mean_of(values).value(),
                                             t_over_normal(19) * missing_spread(20));
    covered += interval->low <= 10 && 10 <= interval->high;
  }
  EXPECT_NEAR(covered / 400.0, 0.94, 0.06);
}

}  // namespace
}  // namespace xlt
