// SPDX-License-Identifier: Apache-2.0
// Values of tables (Abramowitz & Stegun 1964, tables 26.1, 26.10) and closed forms; scipy holds the rest
// (tests/parity/stats_parity.py).
#include "xlt/stats/distribution.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace xlt {
namespace {

TEST(Normal, HasItsQuantiles) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-14);
  EXPECT_NEAR(normal_cdf(-8) / 6.220960574271785e-16, 1, 1e-12);
  for (double p : {1e-12, 0.01, 0.3, 0.7, 0.999}) EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-14);
}

// With one degree of freedom t is Cauchy's: P(T ≤ t) = ½ + atan(t) / π; with two, ½ + t / (2 √(2 + t²)).
TEST(StudentsT, IsCauchysAtOneDegreeOfFreedom) {
  for (double t : {-30.0, -1.0, 0.0, 0.5, 12.7}) {
    EXPECT_NEAR(t_cdf(t, 1), 0.5 + std::atan(t) / std::numbers::pi, 1e-13) << t;
    EXPECT_NEAR(t_cdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-13) << t;
  }
  EXPECT_NEAR(t_quantile(0.975, 1), 12.706204736, 1e-8);
  EXPECT_NEAR(t_quantile(0.975, 10), 2.228138852, 1e-8);
  EXPECT_NEAR(t_quantile(0.025, 1e6), -1.96, 1e-4);
}

// I_x(1, b) = 1 − (1 − x)^b, I_x(a, 1) = x^a.
TEST(Beta, IsAPowerWhereAParameterIsOne) {
  for (double x : {0.001, 0.2, 0.5, 0.97}) {
    EXPECT_NEAR(beta_cdf(x, 1, 7.5), 1 - std::pow(1 - x, 7.5), 1e-13);
    EXPECT_NEAR(beta_cdf(x, 0.3, 1), std::pow(x, 0.3), 1e-13);
  }
  EXPECT_EQ(beta_cdf(0, 2, 3), 0);
  EXPECT_EQ(beta_cdf(1, 2, 3), 1);
  EXPECT_NEAR(beta_quantile(0.025, 1, 50), 1 - std::pow(0.975, 1 / 50.0), 1e-13);
  EXPECT_NEAR(beta_cdf(0.5, 7000.5, 7000.5), 0.5, 1e-10);  // a large file's share
}

}  // namespace
}  // namespace xlt
