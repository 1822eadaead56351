// SPDX-License-Identifier: Apache-2.0
// Worked examples of the literature.
#include "xlt/stats/agreement.h"

#include <cmath>

#include <gtest/gtest.h>

namespace xlt {
namespace {

// Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section C: four observers, twelve units,
// missing values; he gives nominal 0.743, ordinal 0.815, interval 0.849.
Ratings krippendorffs_example() {
  const double o = 0;  // no rating
  const double rows[4][12] = {{1, 2, 3, 3, 2, 1, 4, 1, 2, o, o, o},
                              {1, 2, 3, 3, 2, 2, 4, 1, 2, 5, o, 3},
                              {o, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, o},
                              {1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, o}};
  Ratings ratings(12, std::vector<std::optional<double>>(4));
  for (int rater = 0; rater < 4; ++rater)
    for (int unit = 0; unit < 12; ++unit)
      if (rows[rater][unit] != o) ratings[unit][rater] = rows[rater][unit];
  return ratings;
}

// By hand: of the replicates 0 … 1 in steps of a hundredth the middle 95 % are 0.025 and 0.975, 0.475 either
// side of the value; for 5 clusters √(6 / 4) · 2.776 / 1.960 = 1.735 times as far.
TEST(AgreementInterval, IsWidenedForFewClustersAndEndsAtOne) {
  std::vector<double> replicates;
  for (int i = 0; i <= 100; ++i) replicates.push_back(0.01 * i);
  const auto few = agreement_interval(replicates, 0.5, 5);
  ASSERT_TRUE(few);
  EXPECT_NEAR(few->low, 0.5 - 1.735 * 0.475, 5e-3);
  EXPECT_EQ(few->high, 1);
  const auto full = agreement_interval({1, 1, 1}, 1 - 1e-16, 20);
  ASSERT_TRUE(full);
  EXPECT_NEAR(full->low, std::pow(0.025, 1.0 / 20), 1e-12);  // the rule of three's kin: unseen_share
  EXPECT_EQ(full->high, 1);
  EXPECT_FALSE(agreement_interval(replicates, 0.5, 1));
}

TEST(KrippendorffAlpha, IsThatOfHisExample) {
  const Ratings ratings = krippendorffs_example();
  EXPECT_NEAR(*krippendorff_alpha(ratings, MeasurementLevel::kNominal), 0.743, 5e-4);
  EXPECT_NEAR(*krippendorff_alpha(ratings, MeasurementLevel::kOrdinal), 0.815, 5e-4);
  EXPECT_NEAR(*krippendorff_alpha(ratings, MeasurementLevel::kInterval), 0.849, 5e-4);
}

TEST(KrippendorffAlpha, AUnitOfWeightTwoCountsAsTwo) {
  Ratings ratings = krippendorffs_example();
  std::vector<double> weights(ratings.size(), 1.0);
  weights[3] = 2;
  weights[5] = 0;
  Ratings repeated = ratings;
  repeated.push_back(ratings[3]);
  repeated.erase(repeated.begin() + 5);
  for (const auto level : {MeasurementLevel::kNominal, MeasurementLevel::kOrdinal,
                           MeasurementLevel::kInterval, MeasurementLevel::kRatio})
    EXPECT_NEAR(*KrippendorffAlpha(ratings, level)(weights), *krippendorff_alpha(repeated, level), 1e-12);
}

TEST(KrippendorffAlpha, IsAbsentWhereChanceWouldAgreeAsWell) {
  EXPECT_FALSE(krippendorff_alpha({{1.0, 1.0}, {1.0, 1.0}}, MeasurementLevel::kInterval));
  EXPECT_FALSE(krippendorff_alpha({{1.0, std::nullopt}, {2.0, std::nullopt}}, MeasurementLevel::kNominal));
  EXPECT_FALSE(krippendorff_alpha({}, MeasurementLevel::kOrdinal));
}

// 20 + 15 of 50 agree; chance: 25/50 · 30/50 + 25/50 · 20/50 = 0.5; (0.7 − 0.5) / 0.5.
TEST(CohenKappa, IsAgreementBeyondChance) {
  std::vector<double> a, b;
  const auto add = [&](double x, double y, int count) {
    a.insert(a.end(), count, x);
    b.insert(b.end(), count, y);
  };
  add(1, 1, 20);
  add(1, 0, 5);
  add(0, 1, 10);
  add(0, 0, 15);
  EXPECT_NEAR(*cohen_kappa(a, b), 0.4, 1e-12);
  EXPECT_FALSE(cohen_kappa({}, {}));
  EXPECT_FALSE(cohen_kappa(std::vector{1.0, 1.0}, std::vector{1.0, 1.0}));
}

TEST(CohenKappa, AUnitOfWeightTwoCountsAsTwo) {
  const std::vector<double> a{1, 1, 0, 0, 1}, b{1, 0, 0, 1, 1};
  EXPECT_NEAR(*cohen_kappa(a, b, std::vector{1.0, 2.0, 1.0, 0.0, 1.0}),
              *cohen_kappa(std::vector{1.0, 1.0, 1.0, 0.0, 1.0}, std::vector{1.0, 0.0, 0.0, 0.0, 1.0}),
              1e-12);
}

// Fleiss (1971), fourteen raters, ten subjects, five categories: kappa 0.210.
TEST(FleissKappa, IsThatOfHisExample) {
  EXPECT_NEAR(*fleiss_kappa({{0, 0, 0, 0, 14},
                             {0, 2, 6, 4, 2},
                             {0, 0, 3, 5, 6},
                             {0, 3, 9, 2, 0},
                             {2, 2, 8, 1, 1},
                             {7, 7, 0, 0, 0},
                             {3, 2, 6, 3, 0},
                             {2, 5, 3, 2, 2},
                             {6, 5, 2, 1, 0},
                             {0, 2, 2, 3, 7}}),
              0.210, 5e-4);
  EXPECT_FALSE(fleiss_kappa({}));
  EXPECT_FALSE(fleiss_kappa({{3, 0}, {3, 0}}));
}

TEST(FleissKappa, AUnitOfWeightTwoCountsAsTwo) {
  EXPECT_NEAR(*fleiss_kappa({{2, 1}, {0, 3}, {3, 0}}, std::vector{2.0, 1.0, 0.0}),
              *fleiss_kappa({{2, 1}, {2, 1}, {0, 3}}), 1e-12);
}

}  // namespace
}  // namespace xlt
