// SPDX-License-Identifier: Apache-2.0
// Means, medians, quantiles, spread and ranks. What nothing can be said of is absent, never zero.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace xlt {

std::optional<double> mean_of(std::span<const double> values);  // nothing for no values
std::optional<double> median_of(std::vector<double> values);
// Sample standard deviation (n − 1); nothing for fewer than two values.
std::optional<double> sd_of(std::span<const double> values);
// Linear interpolation between order statistics (Hyndman & Fan 1996, type 7; numpy's default). `sorted` is
// ascending and not empty; `p` from 0 to 1.
double quantile_of(std::span<const double> sorted, double p);
// Ranks from 1; equal values share the mean of theirs.
std::vector<double> ranks_of(std::span<const double> values);

}  // namespace xlt
