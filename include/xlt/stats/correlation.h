// SPDX-License-Identifier: Apache-2.0
// Correlations with their two-sided p-values, by Student's t.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace xlt {

enum class CorrelationKind { kPearson, kSpearman };

struct Correlation {
  double value;
  double p_value;             // of no correlation
  double degrees_of_freedom;  // n − 2, less one for each given variable
};

// Spearman: Pearson of ranks (ties share the mean of theirs), p by the same t. Nothing where a side is
// constant or no degree of freedom remains. Both sides are equally long.
std::optional<Correlation> correlation(std::span<const double> x, std::span<const double> y,
                                       CorrelationKind kind);
// With the variables of `given` held fixed: the correlation of what is left of x and y after linear
// regression on them (on their ranks, for Spearman). Nothing where `given` explains a side fully.
std::optional<Correlation> partial_correlation(std::span<const double> x, std::span<const double> y,
                                               const std::vector<std::vector<double>>& given,
                                               CorrelationKind kind);

}  // namespace xlt
