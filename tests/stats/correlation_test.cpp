// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/correlation.h"

#include <cmath>

#include <gtest/gtest.h>

namespace xlt {
namespace {

using Values = std::vector<double>;
constexpr auto kPearson = CorrelationKind::kPearson, kSpearman = CorrelationKind::kSpearman;

// x 1 2 3 4, y 1 3 2 4: Σ deviations' product 4, squares 5 and 5: r = 0.8, t = 0.8 √(2 / 0.36); with two
// degrees of freedom P(|T| ≥ t) = 1 − t / √(2 + t²) = 1 − 0.8.
TEST(Correlation, OfPearsonAndItsP) {
  const auto result = correlation(Values{1, 2, 3, 4}, Values{1, 3, 2, 4}, kPearson);
  EXPECT_NEAR(result->value, 0.8, 1e-14);
  EXPECT_NEAR(result->p_value, 0.2, 1e-12);
  EXPECT_EQ(result->degrees_of_freedom, 2);
}

TEST(Correlation, OfSpearmanSeesOrderAlone) {
  const auto result = correlation(Values{1, 2, 3, 4}, Values{1, 300, 2, 4000}, kSpearman);
  EXPECT_NEAR(result->value, 0.8, 1e-14);
  EXPECT_NEAR(correlation(Values{1, 2, 3}, Values{1, 10, 100}, kSpearman)->value, 1, 1e-15);
  EXPECT_EQ(correlation(Values{1, 2, 3}, Values{1, 10, 100}, kSpearman)->p_value, 0);
}

TEST(Correlation, IsAbsentWhereNothingVariesOrTooFewAre) {
  EXPECT_FALSE(correlation(Values{1, 1, 1}, Values{1, 2, 3}, kPearson));
  EXPECT_FALSE(correlation(Values{1, 2}, Values{1, 2}, kPearson));
  EXPECT_FALSE(correlation(Values{}, Values{}, kPearson));
}

// r_xy.z = (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)), n − 3 degrees of freedom.
TEST(PartialCorrelation, OfOneGivenVariableIsTheClosedForm) {
  const Values x{1, 4, 2, 8, 5, 7}, y{2, 1, 4, 9, 6, 5}, z{1, 2, 2, 5, 3, 7};
  for (const auto kind : {kPearson, kSpearman}) {
    const double xy = correlation(x, y, kind)->value, xz = correlation(x, z, kind)->value,
                 yz = correlation(y, z, kind)->value;
    const auto result = partial_correlation(x, y, {z}, kind);
    EXPECT_NEAR(result->value, (xy - xz * yz) / std::sqrt((1 - xz * xz) * (1 - yz * yz)), 1e-12);
    EXPECT_EQ(result->degrees_of_freedom, 3);
  }
}

TEST(PartialCorrelation, IsAbsentWhereAllIsExplained) {
  const Values x{1, 4, 2, 8, 5}, y{2, 1, 4, 9, 6}, twice{2, 8, 4, 16, 10};
  EXPECT_FALSE(partial_correlation(x, y, {twice}, kPearson));
}

}  // namespace
}  // namespace xlt
