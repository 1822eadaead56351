// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/paired_items.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace xlt {
namespace {

const MetricSpec kShare = ratio_metric("share", "r", false);

RatioTable table(const std::vector<std::pair<std::string, Ratio>>& items) {
  RatioTable table;
  for (const auto& [id, ratio] : items) table.add(kShare, id, {{"r", ratio}});
  return table;
}

TEST(PairItems, KeepsWhatEveryRunMeasuredInTheOrderOfTheFirst) {
  const RatioTable first = table({{"c", {1, 1}}, {"a", {0, 1}}, {"b", {1, 1}}}),
                   second = table({{"a", {1, 2}}, {"c", {2, 3}}, {"z", {0, 1}}, {"b", {0, 0}}});
  const PairedItems paired = pair_items({{first}}, {{second}});
  EXPECT_EQ(paired.after[0].ids, (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(paired.after[0].cells[0].numerator, 2);
  EXPECT_EQ(paired.before[0].cells[1].numerator, 0);
}

// Differences 0.1, 0.4 and −0.2: s² = 0.09, over 3 items.
TEST(EstimateChange, JackknifeOfAMeanIsItsStandardError) {
  const PairedItems paired = pair_items({{table({{"a", {0.5, 1}}, {"b", {0.2, 1}}, {"c", {0.4, 1}}})}},
                                        {{table({{"a", {0.6, 1}}, {"b", {0.6, 1}}, {"c", {0.2, 1}}})}});
  const ChangeEstimate estimate = estimate_change(kShare, {{paired}}, 500, Rng(1));
  EXPECT_NEAR(estimate.after - estimate.before, 0.1, 1e-12);
  EXPECT_NEAR(*estimate.standard_error, std::sqrt(0.09 / 3), 1e-12);
  EXPECT_LT(estimate.ci95->low, 0);
  EXPECT_GT(estimate.ci95->high, 0.3);
}

// Smoothed draws never reach −1, where every item went.
TEST(EstimateChange, TheIntervalHoldsItsEstimate) {
  RatioTable before, after;
  for (int i = 0; i < 10; ++i) {
    before.add(kShare, std::to_string(i), {{"r", {1, 1}}});
    after.add(kShare, std::to_string(i), {{"r", {0, 1}}});
  }
  const PairedItems paired = pair_items({{before}}, {{after}});
  const ChangeEstimate estimate = estimate_change(kShare, {{paired}}, 500, Rng(1));
  EXPECT_EQ(estimate.ci95->low, -1);
  EXPECT_LT(estimate.ci95->high, -0.3);
}

TEST(EstimateChange, OneItemHasNoInterval) {
  const PairedItems paired = pair_items({{table({{"a", {0, 1}}})}}, {{table({{"a", {1, 1}}})}});
  const ChangeEstimate estimate = estimate_change(kShare, {{paired}}, 100, Rng(1));
  EXPECT_EQ(estimate.after, 1);
  EXPECT_FALSE(estimate.ci95);
  EXPECT_FALSE(estimate.standard_error);
}

// icat = lms · min(ss, 100 − ss) / 50; exchanging an item exchanges both of its ratios.
TEST(ChangePValue, OfAFormulaOfTwoRatiosExchangesItems) {
  MetricSpec icat = with_formula(ratio_metric("icat", "ss", true, 100), "icat");
  icat.ratios.push_back("lms");
  RatioTable before, after;
  for (int i = 0; i < 8; ++i) {
    before.add(icat, std::to_string(i), {{"ss", {1, 1}}, {"lms", {2, 2}}});
    after.add(icat, std::to_string(i), {{"ss", {i % 2 ? 1.0 : 0.0, 1}}, {"lms", {2, 2}}});
  }
  const PairedItems paired = pair_items({{before}}, {{after}});
  const ChangeEstimate estimate = estimate_change(icat, {{paired}}, 500, Rng(1));
  EXPECT_DOUBLE_EQ(estimate.before, 0);
  EXPECT_DOUBLE_EQ(estimate.after, 100);
  EXPECT_LT(estimate.ci95->low, 100);
  // Four items moved; 16 arrangements, of which none or all exchanged are as far: 2 / 16.
  EXPECT_DOUBLE_EQ(change_p_value(icat, {{paired}}, 100, Rng(1))->p_value, 2.0 / 16);
}

// Both sides of an item come from one distribution: p of a ratio of sums is uniform, by Kolmogorov and
// Smirnov's distance (1.63 / √n at 1 %).
TEST(ChangePValue, OfRatiosOfSumsIsUniformUnderTheNull) {
  constexpr int kSamples = 500;
  std::vector<double> p_values;
  Rng rng(17);
  for (int sample = 0; sample < kSamples; ++sample) {
    RatioTable sides[2];
    for (int i = 0; i < 30; ++i) {
      const double own = rng.uniform();
      for (RatioTable& side : sides) {
        const double size = std::exp(rng.normal());
        side.add(kShare, std::to_string(i), {{"r", {size * own * rng.uniform(), size}}});
      }
    }
    const PairedItems paired = pair_items({{sides[0]}}, {{sides[1]}});
    p_values.push_back(change_p_value(kShare, {{paired}}, 499, rng.fork(sample))->p_value);
  }
  std::sort(p_values.begin(), p_values.end());
  double distance = 0;
  for (int i = 0; i < kSamples; ++i)
    distance = std::max({distance, std::abs(p_values[i] - i / double{kSamples}),
                         std::abs(p_values[i] - (i + 1) / double{kSamples})});
  EXPECT_LT(distance, 1.63 / std::sqrt(double{kSamples}));
}

}  // namespace
}  // namespace xlt
