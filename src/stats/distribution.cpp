// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/distribution.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method as Thompson and
// Barnett (1986) modified it; converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), fraction = d;
  const auto step = [&](double term) {
    d = 1 / away_from_zero(1 + term * d);
    c = away_from_zero(1 + term / c);
    fraction *= c * d;
    return std::abs(c * d - 1);
  };
  constexpr int kLongest = 100000;  // about the root of the larger parameter is needed
  for (int m = 1; m < kLongest; ++m) {
    step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    if (step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))) < 1e-16) break;
  }
  return fraction;
}

// Where an increasing function passes `target`, between `low` and `high`, to the last bit but one or two.
template <typename Function>
double solve_increasing(const Function& function, double target, double low, double high) {
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (function(middle) < target ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

double normal_cdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

double normal_quantile(double p) {
  XLT_CHECK(p > 0 && p < 1, "quantile ", p);
  if (p > 0.5) return -normal_quantile(1 - p);  // erfc keeps its digits in the lower tail
  return solve_increasing(normal_cdf, p, -40.0, 0.0);
}

double t_two_sided(double t, double degrees_of_freedom) {
  if (std::isinf(t)) return 0;
  return beta_cdf(degrees_of_freedom / (degrees_of_freedom + t * t), degrees_of_freedom / 2, 0.5);
}

double t_cdf(double t, double degrees_of_freedom) {
  const double tail = t_two_sided(t, degrees_of_freedom) / 2;
  return t < 0 ? tail : 1 - tail;
}

double t_quantile(double p, double degrees_of_freedom) {
  XLT_CHECK(p > 0 && p < 1 && degrees_of_freedom > 0, "quantile ", p, " of t with ", degrees_of_freedom);
  if (p > 0.5) return -t_quantile(1 - p, degrees_of_freedom);
  double low = -1;
  while (t_cdf(low, degrees_of_freedom) > p) low *= 2;
  return solve_increasing([&](double t) { return t_cdf(t, degrees_of_freedom); }, p, low, 0.0);
}

double beta_cdf(double x, double a, double b) {
  XLT_CHECK(a > 0 && b > 0, "beta ", a, ", ", b);
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - beta_cdf(1 - x, b, a);
  const double log_front =
      a * std::log(x) + b * std::log1p(-x) + std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b);
  return std::exp(log_front) / a * beta_fraction(x, a, b);
}

double beta_quantile(double p, double a, double b) {
  XLT_CHECK(p >= 0 && p <= 1, "quantile ", p);
  return solve_increasing([&](double x) { return beta_cdf(x, a, b); }, p, 0.0, 1.0);
}

}  // namespace xlt
