// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/descriptive.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

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

// Of 0, 1 … 999: 0.025 · 999 = 24.975.
TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  Values values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  EXPECT_NEAR(quantile_of(values, 0.025), 24.975, 1e-9);
  EXPECT_EQ(quantile_of(values, 1), 999);
  EXPECT_EQ(quantile_of(Values{7}, 0.3), 7);
}

TEST(Ranks, TiesShareTheMeanOfTheirs) {
  EXPECT_THAT(ranks_of(Values{3, 1, 3, 2, 3}), testing::ElementsAre(4, 1, 4, 2, 4));
  EXPECT_TRUE(ranks_of(Values{}).empty());
}

}  // namespace
}  // namespace xlt
