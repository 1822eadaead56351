// SPDX-License-Identifier: Apache-2.0
// 95 % intervals with a closed form, and what the bootstrap's intervals are widened by.
#pragma once

#include <cstdint>

namespace xlt {

struct Interval {
  double low, high;
};

// As far as it takes to hold `value` too: where a few items decide, what smooths or corrects the draws may
// leave out the very value that they are about.
Interval around(Interval interval, double value);

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
