// SPDX-License-Identifier: Apache-2.0
// 95 % intervals with a closed form, and what the bootstrap's intervals are widened by.
#pragma once

#include <cstdint>

namespace xlt {

struct Interval {
  double low, high;
};

// Of a share, `successes` of `trials`: the equal-tailed Jeffreys interval with Clopper and Pearson's limit
// where there is no success or no failure (Brown, Cai & DasGupta 2001, "Interval estimation for a binomial
// proportion", section 4.1.2). Over the shares 0.02 … 0.98 of 20 … 150 trials it covers 93 to 99 %, Wilson's
// 92 to 98 %. `successes` may be a fraction, where trials are weighted.
Interval share_interval(double successes, double trials);
// The largest share that is still likely (97.5 %) where none of `trials` showed it: 1 − 0.025^(1 / trials).
double unseen_share(int64_t trials);

// Student's t over the normal's 1.96, with `degrees_of_freedom`.
double t_over_normal(double degrees_of_freedom);

}  // namespace xlt
