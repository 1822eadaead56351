// SPDX-License-Identifier: Apache-2.0
// The expected maximum of k of n scores, against every subset.
#include "eval/at_k.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "xlt/base/rng.h"

namespace xlt {
namespace {

// By going through all subsets of size k.
double by_subsets(const std::vector<double>& scores, int64_t k) {
  double sum = 0;
  int64_t count = 0;
  for (uint32_t subset = 0; subset < (1u << scores.size()); ++subset) {
    if (std::popcount(subset) != k) continue;
    double largest = -1;
    for (size_t i = 0; i < scores.size(); ++i)
      if (subset >> i & 1) largest = std::max(largest, scores[i]);
    sum += largest;
    ++count;
  }
  return sum / static_cast<double>(count);
}

TEST(AtK, F1IsTheMeanOverAllSubsets) {
  Rng rng(5);
  for (int64_t n = 1; n <= 10; ++n)
    for (int64_t k = 1; k <= n; ++k) {
      std::vector<double> scores;
      for (int64_t i = 0; i < n; ++i) scores.push_back(rng.below(4) == 0 ? 0.5 : rng.uniform());
      EXPECT_NEAR(expected_max_at_k(scores, k), by_subsets(scores, k), 1e-12) << n << " " << k;
    }
}

TEST(AtK, F1OfZerosAndOnesIsPassAtK) {
  // 25 samples, 3 of them toxic, k = 5: 1 - C(22, 5) / C(25, 5) = 1 - 26334 / 53130
  std::vector<double> scores(25, 0.0);
  scores[3] = scores[9] = scores[20] = 1;
  EXPECT_NEAR(expected_max_at_k(scores, 5), 1 - 26334.0 / 53130.0, 1e-14);
}

TEST(AtK, F1OfAllIsTheMaximumAndOfOneTheMean) {
  const std::vector<double> scores{0.1, 0.9, 0.2};
  EXPECT_DOUBLE_EQ(expected_max_at_k(scores, 3), 0.9);
  EXPECT_NEAR(expected_max_at_k(scores, 1), 0.4, 1e-15);
}

}  // namespace
}  // namespace xlt
