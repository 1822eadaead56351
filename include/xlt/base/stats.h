// SPDX-License-Identifier: Apache-2.0
// Means with intervals.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/rng.h"

namespace xlt {

struct Interval {
  double low, high;
};

// A number measured on `n` things. `value` is empty when nothing could be measured: never zero.
struct Estimate {
  std::optional<double> value;
  std::optional<Interval> ci95;
  int64_t n = 0;
};

std::optional<double> mean_of(std::span<const double> values);  // nothing for no values
std::optional<double> median_of(std::vector<double> values);
// Sample standard deviation (n − 1); nothing for fewer than two values.
std::optional<double> sd_of(std::span<const double> values);

// Percentile bootstrap (Efron & Tibshirani 1993, ch. 13) over items, 95 %: `statistic` is given the drawn
// item indices (with repeats, `size` of them) and may return NaN for "undefined", which is left out. Fewer
// than two items: no interval.
std::optional<Interval> bootstrap_ci95(int64_t size,
                                       const std::function<double(std::span<const int64_t>)>& statistic,
                                       Rng rng, int64_t num_resamples = 1000);
// Mean with its bootstrap interval.
Estimate mean_estimate(std::span<const double> values, const Rng& rng);
// a[i] − b[i] over items measured on both sides, with the paired bootstrap interval.
Estimate paired_difference(std::span<const double> a, std::span<const double> b, const Rng& rng);

}  // namespace xlt
