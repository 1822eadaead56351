// SPDX-License-Identifier: Apache-2.0
// How well scores from 0 to 1 tell positive rows from negative ones. What is undefined is absent, never zero.
// Rows are taken as independent of each other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "xlt/stats/interval.h"

namespace xlt {

struct AreaUnderCurve {
  double value;      // P(score of a positive row > that of a negative one), ties counted half
  Interval ci95;     // DeLong, DeLong & Clarke-Pearson 1988, on the scale of the logit: within 0 … 1
  double std_error;  // DeLong's, of `value` itself
};
// Nothing without a row of either class. Where no pair, or every pair, is in the wrong order, DeLong's
// variance is 0 and says nothing: the interval's inner end is then that of a share of as many trials as the
// smaller class has rows (`unseen_share`). One row of a class has no variance: the interval is 0 … 1.
std::optional<AreaUnderCurve> area_under_curve(std::span<const double> scores,
                                               const std::vector<bool>& is_positive);

// Rows by label and by whether their score reaches a threshold.
struct ConfusionCounts {
  int64_t true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
  std::optional<double> accuracy() const;  // nothing without rows
  std::optional<double> f1() const;        // nothing without a positive row, labelled or found
};
ConfusionCounts confusion(std::span<const double> scores, const std::vector<bool>& is_positive,
                          double threshold);

// Mean (score − label)²; nothing without rows.
std::optional<double> brier_score(std::span<const double> scores, const std::vector<bool>& is_positive);
// Expected calibration error: Σ over bins of |Σ (score − label)| / rows, ten bins of equal width, the last
// with its upper end (Naeini et al. 2015). Nothing without rows.
std::optional<double> calibration_error(std::span<const double> scores, const std::vector<bool>& is_positive);

}  // namespace xlt
