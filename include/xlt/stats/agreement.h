// SPDX-License-Identifier: Apache-2.0
// How far raters agree beyond chance: 1 fully, 0 as chance would, below 0 less.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xlt {

// [unit][rater]; nothing where a rater did not rate the unit.
using Ratings = std::vector<std::vector<std::optional<double>>>;

enum class MeasurementLevel { kNominal, kOrdinal, kInterval };

// Krippendorff's alpha (Krippendorff 2004, chapter 11.3) of units with two ratings or more. Nothing where no
// unit has, or where all ratings are equal: chance would agree as well.
std::optional<double> krippendorff_alpha(const Ratings& ratings, MeasurementLevel level);

// Cohen's kappa (1960), unweighted, of two raters over the same units. Nothing for no units or where both
// give one and the same category throughout.
std::optional<double> cohen_kappa(std::span<const double> a, std::span<const double> b);

// Fleiss's kappa (1971): [unit][category] how many raters chose it, equally many raters (two or more) a unit.
std::optional<double> fleiss_kappa(const std::vector<std::vector<int64_t>>& counts);

}  // namespace xlt
