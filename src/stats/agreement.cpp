// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/agreement.h"

#include <algorithm>
#include <map>

#include "xlt/base/error.h"
#include "xlt/stats/bootstrap.h"

namespace xlt {

namespace {

double weight_of(std::span<const double> weights, size_t unit) { return weights.empty() ? 1 : weights[unit]; }

// Ordinal difference is an interval difference of places: how many ratings lie below a value, plus half of
// those at it.
std::vector<double> places_of(std::span<const double> counts) {
  std::vector<double> places;
  double below = 0;
  for (const double count : counts) {
    places.push_back(below + count / 2);
    below += count;
  }
  return places;
}

}  // namespace

KrippendorffAlpha::KrippendorffAlpha(const Ratings& ratings, MeasurementLevel level) : level_(level) {
  for (const auto& row : ratings)
    for (const auto& rating : row)
      if (rating) values_.push_back(*rating);
  std::sort(values_.begin(), values_.end());
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  for (const auto& row : ratings) {
    auto& unit = units_.emplace_back();
    for (const auto& rating : row)
      if (rating)
        unit.push_back(
            static_cast<size_t>(std::lower_bound(values_.begin(), values_.end(), *rating) - values_.begin()));
    if (unit.size() < 2) unit.clear();
  }
}

double KrippendorffAlpha::distance(size_t a, size_t b, std::span<const double> places) const {
  if (a == b) return 0;
  if (level_ == MeasurementLevel::kNominal) return 1;
  double difference = places[a] - places[b];
  if (level_ == MeasurementLevel::kRatio) difference /= places[a] + places[b];
  return difference * difference;
}

// Σ over ordered pairs of all ratings of their distance.
double KrippendorffAlpha::expected(std::span<const double> counts, std::span<const double> places) const {
  double total = 0, sum = 0;
  for (const double count : counts) total += count;
  if (level_ == MeasurementLevel::kNominal) {
    for (const double count : counts) sum += count * (total - count);
    return sum;
  }
  if (level_ == MeasurementLevel::kRatio) {
    for (size_t a = 0; a < counts.size(); ++a)
      for (size_t b = 0; b < a; ++b) sum += 2 * counts[a] * counts[b] * distance(a, b, places);
    return sum;
  }
  double mean = 0;
  for (size_t v = 0; v < counts.size(); ++v) mean += counts[v] * places[v] / total;
  for (size_t v = 0; v < counts.size(); ++v) sum += counts[v] * (places[v] - mean) * (places[v] - mean);
  return 2 * total * sum;
}

std::optional<double> KrippendorffAlpha::operator()(std::span<const double> weights) const {
  XLT_CHECK(weights.empty() || weights.size() == units_.size(), weights.size(), " weights of ",
            units_.size());
  std::vector<double> counts(values_.size());
  double total = 0, observed = 0;
  for (size_t u = 0; u < units_.size(); ++u)
    for (const size_t value : units_[u]) {
      counts[value] += weight_of(weights, u);
      total += weight_of(weights, u);
    }
  if (std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0; }) < 2)
    return std::nullopt;
  const auto places = level_ == MeasurementLevel::kOrdinal ? places_of(counts) : values_;
  for (size_t u = 0; u < units_.size(); ++u) {
    const auto& unit = units_[u];
    double pairs = 0;
    for (size_t i = 0; i < unit.size(); ++i)
      for (size_t j = 0; j < i; ++j) pairs += 2 * distance(unit[i], unit[j], places);
    if (pairs > 0) observed += weight_of(weights, u) * pairs / static_cast<double>(unit.size() - 1);
  }
  return 1 - (total - 1) * observed / expected(counts, places);
}

std::optional<double> krippendorff_alpha(const Ratings& ratings, MeasurementLevel level) {
  return KrippendorffAlpha(ratings, level)();
}

std::optional<double> cohen_kappa(std::span<const double> a, std::span<const double> b,
                                  std::span<const double> weights) {
  XLT_CHECK(a.size() == b.size(), a.size(), " ratings against ", b.size());
  double n = 0;
  for (size_t i = 0; i < a.size(); ++i) n += weight_of(weights, i);
  if (n == 0) return std::nullopt;
  std::map<double, std::pair<double, double>> shares;
  double agreed = 0, by_chance = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    shares[a[i]].first += weight_of(weights, i);
    shares[b[i]].second += weight_of(weights, i);
    agreed += a[i] == b[i] ? weight_of(weights, i) : 0;
  }
  for (const auto& [category, share] : shares) by_chance += share.first / n * (share.second / n);
  if (shares.size() == 1) return std::nullopt;
  return (agreed / n - by_chance) / (1 - by_chance);
}

std::optional<Interval> agreement_interval(std::vector<double> replicates, double value, int64_t clusters) {
  constexpr double kRounding = 1e-12;
  if (clusters < 2) return std::nullopt;
  if (value > 1 - kRounding) return Interval{1 - unseen_share(clusters), 1};
  auto interval =
      bootstrap_interval(std::move(replicates), value,
                         missing_spread(clusters) * t_over_normal(static_cast<double>(clusters - 1)));
  if (interval) interval->high = std::min(interval->high, 1.0);
  return interval;
}

std::optional<double> fleiss_kappa(const std::vector<std::vector<int64_t>>& counts,
                                   std::span<const double> weights) {
  if (counts.empty()) return std::nullopt;
  std::vector<double> shares(counts[0].size());
  double raters = 0, agreed = 0, units = 0;
  for (int64_t count : counts[0]) raters += static_cast<double>(count);
  XLT_CHECK(raters >= 2, raters, " raters");
  for (size_t u = 0; u < counts.size(); ++u) {
    const double weight = weight_of(weights, u);
    double here = 0, pairs = 0;
    XLT_CHECK(counts[u].size() == shares.size(), counts[u].size(), " categories, not ", shares.size());
    for (size_t c = 0; c < counts[u].size(); ++c) {
      const auto count = static_cast<double>(counts[u][c]);
      here += count;
      pairs += count * (count - 1);
      shares[c] += weight * count;
    }
    XLT_CHECK(here == raters, here, " raters, not ", raters);
    agreed += weight * pairs / (raters * (raters - 1));
    units += weight;
  }
  double by_chance = 0;
  for (double share : shares) by_chance += share * share / (units * raters * units * raters);
  if (by_chance >= 1) return std::nullopt;
  return (agreed / units - by_chance) / (1 - by_chance);
}

}  // namespace xlt
