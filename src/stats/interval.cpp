// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/interval.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {
constexpr double kTail = 0.025;
}

Interval share_interval(double successes, double trials) {
  XLT_CHECK(trials > 0 && successes >= 0 && successes <= trials, successes, " of ", trials);
  const double unseen = 1 - std::pow(kTail, 1 / trials);
  if (successes == 0) return {0, unseen};
  if (successes == trials) return {1 - unseen, 1};
  const double a = successes + 0.5, b = trials - successes + 0.5;
  return {beta_quantile(kTail, a, b), beta_quantile(1 - kTail, a, b)};
}

Interval around(Interval interval, double value) {
  return {std::min(interval.low, value), std::max(interval.high, value)};
}

double unseen_share(int64_t trials) {
  XLT_CHECK(trials > 0, trials);
  return 1 - std::pow(kTail, 1 / static_cast<double>(trials));
}

double t_over_normal(double degrees_of_freedom) {
  return t_quantile(1 - kTail, degrees_of_freedom) / normal_quantile(1 - kTail);
}

}  // namespace xlt
