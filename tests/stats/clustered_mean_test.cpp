// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/clustered_mean.h"

#include <cmath>

#include <gtest/gtest.h>

#include "xlt/base/rng.h"

namespace xlt {
namespace {

// Items 0 and 1, raters 0 and 1; residuals ½, ½, ½, −1½: by item 1, −1; by rater 1, −1; of 16, times 2.
TEST(ClusteredMean, IsThatByHand) {
  const std::vector<double> values{1, 1, 1, -1};
  const std::vector<int64_t> items{0, 0, 1, 1}, raters{0, 1, 0, 1};
  const auto mean = clustered_mean(values, items, raters);
  ASSERT_TRUE(mean);
  EXPECT_DOUBLE_EQ(mean->value, 0.5);
  EXPECT_DOUBLE_EQ(mean->item_error, std::sqrt(2.0 / 16 * 2));
  EXPECT_DOUBLE_EQ(mean->rater_error, mean->item_error);
  EXPECT_DOUBLE_EQ(mean->pair_error, std::sqrt(3.0 / 16 * 4 / 3));  // ¼ + ¼ + ¼ + 2¼
  EXPECT_DOUBLE_EQ(mean->std_error, mean->item_error) << "raters add nothing to what pairs have";
}

TEST(ClusteredMean, OneRaterSaysNothingOfOthers) {
  const auto mean = clustered_mean(std::vector{0.0, 1.0, 1.0, 0.0}, std::vector<int64_t>{0, 1, 2, 3},
                                   std::vector<int64_t>{7, 7, 7, 7});
  EXPECT_EQ(mean->rater_error, 0);
  EXPECT_EQ(mean->std_error, mean->item_error);
  EXPECT_FALSE(clustered_mean(std::vector{1.0}, std::vector<int64_t>{0}, std::vector<int64_t>{0}));
}

TEST(ClusteredMean, OfOneOpinionIsNotCertain) {
  const std::vector<int64_t> items{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, raters(10, 0);
  const auto all = clustered_mean(std::vector<double>(10, 1.0), items, raters);
  const auto ties = clustered_mean(std::vector<double>(10, 0.5), items, raters);
  EXPECT_LT(share_interval(*all).low, 0.8);
  EXPECT_EQ(share_interval(*all).high, 1);
  EXPECT_LT(share_interval(*ties).low, 0.3);
}

// 30 items × 4 raters; an item's and a rater's own leaning make the judgements alike.
TEST(ClusteredMean, ItsIntervalsHoldAsOftenAsTheySay) {
  int64_t held = 0, naive = 0;
  constexpr int kSamples = 400, kItems = 30, kRaters = 4;
  for (int sample = 0; sample < kSamples; ++sample) {
    Rng rng = Rng(3).fork(static_cast<uint64_t>(sample));
    std::vector<double> values, rater_bias, item_bias;
    std::vector<int64_t> items, raters;
    for (int r = 0; r < kRaters; ++r) rater_bias.push_back(0.5 * rng.normal());
    for (int i = 0; i < kItems; ++i) item_bias.push_back(0.8 * rng.normal());
    for (int i = 0; i < kItems; ++i)
      for (int r = 0; r < kRaters; ++r) {
        values.push_back(rng.normal() + rater_bias[r] + item_bias[i]);
        items.push_back(i);
        raters.push_back(r);
      }
    const auto mean = clustered_mean(values, items, raters);
    const Interval interval = mean_interval(*mean);
    held += interval.low <= 0 && 0 <= interval.high;
    naive += std::abs(mean->value) <= 1.96 * mean->pair_error;
  }
  EXPECT_GE(held, kSamples * 0.90);
  EXPECT_LE(naive, kSamples * 0.75) << "or there is nothing to cluster by";
}

}  // namespace
}  // namespace xlt
