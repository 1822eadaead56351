// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/classification.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/stats/descriptive.h"

namespace xlt {

namespace {

using Values = std::vector<double>;

constexpr double kNormal95 = 1.959963984540054;
constexpr size_t kBins = 10;

void check_sizes(std::span<const double> scores, const std::vector<bool>& labels) {
  XLT_CHECK(scores.size() == labels.size(), scores.size(), " scores of ", labels.size(), " rows");
}

// Of each row of a class, the share of the other class that it is in the right order with: its rank among all
// less its rank among its own (Sun & Xu 2014).
Values placements(const Values& own, const Values& ranks_among_all, size_t others) {
  const Values ranks = ranks_of(own);
  Values shares;
  for (size_t i = 0; i < own.size(); ++i)
    shares.push_back((ranks_among_all[i] - ranks[i]) / static_cast<double>(others));
  return shares;
}

double variance_of_mean(const Values& values) {
  const auto sd = sd_of(values);
  return sd ? *sd * *sd / static_cast<double>(values.size()) : 0;
}

Interval interval_of(double area, double std_error, size_t smaller_class) {
  if (smaller_class < 2) return {0, 1};
  const double unseen = unseen_share(static_cast<int64_t>(smaller_class));
  if (area <= 0) return {0, unseen};
  if (area >= 1) return {1 - unseen, 1};
  const double middle = std::log(area / (1 - area)), reach = kNormal95 * std_error / (area * (1 - area));
  return {1 / (1 + std::exp(reach - middle)), 1 / (1 + std::exp(-reach - middle))};
}

}  // namespace

std::optional<AreaUnderCurve> area_under_curve(std::span<const double> scores,
                                               const std::vector<bool>& is_positive) {
  check_sizes(scores, is_positive);
  const Values ranks = ranks_of(scores);
  std::array<Values, 2> own, among_all;
  for (size_t i = 0; i < scores.size(); ++i) {
    own[is_positive[i]].push_back(scores[i]);
    among_all[is_positive[i]].push_back(ranks[i]);
  }
  const size_t negatives = own[0].size(), positives = own[1].size();
  if (negatives == 0 || positives == 0) return std::nullopt;
  const Values below = placements(own[1], among_all[1], negatives);
  const Values beneath = placements(own[0], among_all[0], positives);
  const double area = *mean_of(below);
  const double std_error = std::sqrt(variance_of_mean(below) + variance_of_mean(beneath));
  return AreaUnderCurve{area, interval_of(area, std_error, std::min(negatives, positives)), std_error};
}

std::optional<double> ConfusionCounts::accuracy() const {
  const int64_t right = true_positives + true_negatives, wrong = false_positives + false_negatives;
  if (right + wrong == 0) return std::nullopt;
  return static_cast<double>(right) / static_cast<double>(right + wrong);
}

std::optional<double> ConfusionCounts::f1() const {
  const int64_t sides = 2 * true_positives + false_positives + false_negatives;
  if (sides == 0) return std::nullopt;
  return static_cast<double>(2 * true_positives) / static_cast<double>(sides);
}

ConfusionCounts confusion(std::span<const double> scores, const std::vector<bool>& is_positive,
                          double threshold) {
  check_sizes(scores, is_positive);
  ConfusionCounts counts;
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool found = scores[i] >= threshold;
    if (is_positive[i])
      ++(found ? counts.true_positives : counts.false_negatives);
    else
      ++(found ? counts.false_positives : counts.true_negatives);
  }
  return counts;
}

std::optional<double> brier_score(std::span<const double> scores, const std::vector<bool>& is_positive) {
  check_sizes(scores, is_positive);
  Values squares;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double error = scores[i] - (is_positive[i] ? 1 : 0);
    squares.push_back(error * error);
  }
  return mean_of(squares);
}

std::optional<double> calibration_error(std::span<const double> scores,
                                        const std::vector<bool>& is_positive) {
  check_sizes(scores, is_positive);
  if (scores.empty()) return std::nullopt;
  std::array<double, kBins> surplus{};
  for (size_t i = 0; i < scores.size(); ++i) {
    const double place = std::clamp(scores[i], 0.0, 1.0) * static_cast<double>(kBins);
    surplus[std::min(static_cast<size_t>(place), kBins - 1)] += scores[i] - (is_positive[i] ? 1 : 0);
  }
  double sum = 0;
  for (const double value : surplus) sum += std::abs(value);
  return sum / static_cast<double>(scores.size());
}

}  // namespace xlt
