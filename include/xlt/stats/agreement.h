// SPDX-License-Identifier: Apache-2.0
// How far raters agree beyond chance: 1 fully, 0 as chance would, below 0 less.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "xlt/stats/interval.h"

namespace xlt {

// [unit][rater]; nothing where a rater did not rate the unit.
using Ratings = std::vector<std::vector<std::optional<double>>>;

// How far apart two values are: not at all or fully · by the ratings between them · by their difference · by
// their difference over their sum (values of 0 and above).
enum class MeasurementLevel { kNominal, kOrdinal, kInterval, kRatio };

// Krippendorff's alpha (Krippendorff 2004, chapter 11.3) of units with two ratings or more.
//
//   const KrippendorffAlpha alpha(ratings, MeasurementLevel::kOrdinal);
//   alpha();                     // of the units as they are
//   alpha(weights.of(draw));     // of a draw of the bootstrap
//
class KrippendorffAlpha {
 public:
  KrippendorffAlpha(const Ratings& ratings, MeasurementLevel level);
  // `weights`: one a unit of `ratings` (a unit of weight 2 counts as two), or none: all 1. Nothing where no
  // unit has two ratings, or where all ratings are equal: chance would agree as well.
  std::optional<double> operator()(std::span<const double> weights = {}) const;

 private:
  double distance(size_t a, size_t b, std::span<const double> places) const;
  double expected(std::span<const double> counts, std::span<const double> places) const;

  MeasurementLevel level_;
  std::vector<double> values_;              // distinct, ascending
  std::vector<std::vector<size_t>> units_;  // [unit] indices into values_; empty: fewer than two ratings
};

// 95 %, from what the bootstrap's draws of `clusters` units that do not depend on each other gave (NaN: not
// defined); never above 1. Where no two ratings differ, every draw says so too: what may have stayed unseen
// in so many clusters bounds it then. Nothing for fewer than two clusters or draws.
std::optional<Interval> agreement_interval(std::vector<double> replicates, double value, int64_t clusters);

// Of the units as they are.
std::optional<double> krippendorff_alpha(const Ratings& ratings, MeasurementLevel level);

// Cohen's kappa (1960), unweighted categories, of two raters over the same units. Nothing for no units or
// where both give one and the same category throughout. `weights` as above.
std::optional<double> cohen_kappa(std::span<const double> a, std::span<const double> b,
                                  std::span<const double> weights = {});

// Fleiss's kappa (1971): [unit][category] how many raters chose it, equally many raters (two or more) a unit.
// `weights` as above.
std::optional<double> fleiss_kappa(const std::vector<std::vector<int64_t>>& counts,
                                   std::span<const double> weights = {});

}  // namespace xlt
