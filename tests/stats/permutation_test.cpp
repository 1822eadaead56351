// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/permutation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace xlt {
namespace {

using Values = std::vector<double>;

// 1, 2, 3 and −1: 16 sign vectors; sums of 5 or more: 1+2+3−1 = 5 and 1+2+3+1 = 7 and −1+2+3+1 = 5, each with
// its mirror image: 6 of 16.
TEST(SignFlipTest, CountsTiesAmongAllArrangements) {
  const auto result = sign_flip_test(Values{1, 2, 3, -1}, Rng(1), 100);
  EXPECT_TRUE(result->is_exact);
  EXPECT_DOUBLE_EQ(result->p_value, 6.0 / 16);
}

TEST(SignFlipTest, ZerosSayNothing) {
  EXPECT_DOUBLE_EQ(sign_flip_test(Values{0, 1, 0, 2, 3, -1, 0}, Rng(1), 100)->p_value, 6.0 / 16);
  EXPECT_EQ(sign_flip_test(Values{0, 0}, Rng(1), 100)->p_value, 1);
  EXPECT_FALSE(sign_flip_test(Values{}, Rng(1), 100));
}

// Differences of ±1 are McNemar's exact test: of 25 up and 10 down, 2 · P(X ≤ 10) with X ~ B(35, ½).
TEST(SignFlipTest, OfOnesIsTheExactSignTest) {
  Values differences(25, 1);
  differences.insert(differences.end(), 10, -1.0);
  double tail = 0;
  for (int k = 0; k <= 10; ++k)
    tail += std::exp(std::lgamma(36.0) - std::lgamma(k + 1.0) - std::lgamma(36.0 - k)) / std::pow(2, 35);
  const auto result = sign_flip_test(differences, Rng(1), 100);
  EXPECT_TRUE(result->is_exact);
  EXPECT_NEAR(result->p_value, 2 * tail, 1e-12);
}

// 30 thirds lie on a grid; the same, moved off it by irrational parts far below the steps, are drawn.
TEST(SignFlipTest, DrawnAgreesWithExact) {
  Values on_grid, off_grid;
  Rng rng(3);
  for (int i = 0; i < 30; ++i) {
    on_grid.push_back(static_cast<double>(rng.below(5) - 1) / 3);
    off_grid.push_back(on_grid.back() * (1 + 1e-7 * rng.normal()));
  }
  const auto exact = sign_flip_test(on_grid, Rng(1), 100), drawn = sign_flip_test(off_grid, Rng(1), 200000);
  ASSERT_TRUE(exact->is_exact);
  ASSERT_FALSE(drawn->is_exact);
  // Ties of the grid fall to either side off it; their share bounds the difference.
  EXPECT_NEAR(drawn->p_value, exact->p_value, 0.004);
}

// Under the null a p-value is uniform: the Kolmogorov–Smirnov distance of 1,000 stays below 1.63 / √1000, its
// 99 % point. Differences are continuous, so that ties do not make p conservative.
TEST(SignFlipTest, IsUniformUnderTheNull) {
  for (int items : {12, 40}) {
    Rng rng(11);
    Values p_values;
    for (int sample = 0; sample < 1000; ++sample) {
      Values differences(items);
      for (double& difference : differences) difference = rng.normal() * (1 + rng.uniform());
      p_values.push_back(sign_flip_test(differences, rng.fork("flips").fork(sample), 999)->p_value);
    }
    std::sort(p_values.begin(), p_values.end());
    double distance = 0;
    for (size_t i = 0; i < p_values.size(); ++i)
      distance =
          std::max({distance, std::abs(p_values[i] - i / 1000.0), std::abs(p_values[i] - (i + 1) / 1000.0)});
    EXPECT_LT(distance, 1.63 / std::sqrt(1000.0)) << items;
  }
}

// Discrete differences: never more rejections than the level.
TEST(SignFlipTest, HoldsItsLevelWithTies) {
  Rng rng(12);
  int rejected = 0;
  for (int sample = 0; sample < 2000; ++sample) {
    Values differences(50);
    for (double& difference : differences) difference = static_cast<double>(rng.below(3) - 1);
    rejected += sign_flip_test(differences, Rng(1), 1)->p_value <= 0.05;
  }
  EXPECT_LE(rejected / 2000.0, 0.05 + 3 * std::sqrt(0.05 * 0.95 / 2000));
  EXPECT_GE(rejected / 2000.0, 0.02);
}

// A ratio of sums: before 1/2, 1/4 and after 2/2, 3/4, so 5/6 − 2/6 = 0.5 as seen; swapping the first leaves
// 4/6 − 3/6, the second 3/6 − 4/6. Of four arrangements two are as far as what was seen.
TEST(SwapTest, IsExactForFewItems) {
  const Values before{1, 1}, after{2, 3};
  const auto statistic = [&](std::span<const char> swapped) {
    double sum = 0;
    for (int i = 0; i < 2; ++i) sum += (after[i] - before[i]) * (swapped[i] ? -1 : 1);
    return sum / 6;
  };
  const auto result = swap_test(2, statistic, Rng(1), 10);
  EXPECT_TRUE(result.is_exact);
  EXPECT_DOUBLE_EQ(result.p_value, 0.5);
}

TEST(SwapTest, AgreesWithSignFlipsWhereTheStatisticIsASum) {
  Values differences;
  Rng rng(5);
  for (int i = 0; i < 40; ++i) differences.push_back(0.3 + rng.normal());
  const auto statistic = [&](std::span<const char> swapped) {
    double sum = 0;
    for (size_t i = 0; i < differences.size(); ++i) sum += swapped[i] ? -differences[i] : differences[i];
    return sum;
  };
  const auto swaps = swap_test(40, statistic, Rng(6), 20000);
  const auto flips = sign_flip_test(differences, Rng(7), 20000);
  EXPECT_FALSE(swaps.is_exact);
  EXPECT_NEAR(swaps.p_value, flips->p_value, 0.015);
}

}  // namespace
}  // namespace xlt
