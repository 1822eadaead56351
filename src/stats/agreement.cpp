// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/agreement.h"

#include <map>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// Unit's ratings, absent ones dropped; units with fewer than two say nothing of agreement.
std::vector<std::vector<double>> pairable(const Ratings& ratings) {
  std::vector<std::vector<double>> units;
  for (const auto& row : ratings) {
    std::vector<double> unit;
    for (const auto& rating : row)
      if (rating) unit.push_back(*rating);
    if (unit.size() >= 2) units.push_back(std::move(unit));
  }
  return units;
}

// Ordinal difference is an interval difference of places: how many ratings lie below a value, plus half of
// those at it.
void replace_by_places(std::vector<std::vector<double>>& units) {
  std::map<double, double> places;
  for (const auto& unit : units)
    for (double rating : unit) ++places[rating];
  double below = 0;
  for (auto& [value, count] : places) {
    const double here = count;
    count = below + here / 2;
    below += here;
  }
  for (auto& unit : units)
    for (double& rating : unit) rating = places.at(rating);
}

// Σ over ordered pairs of squared differences, or of differing pairs.
double disagreement(std::span<const double> values, MeasurementLevel level) {
  const auto count = static_cast<double>(values.size());
  if (level == MeasurementLevel::kNominal) {
    std::map<double, double> counts;
    for (double value : values) ++counts[value];
    double pairs = count * count;
    for (const auto& [value, same] : counts) pairs -= same * same;
    return pairs;
  }
  double mean = 0, squares = 0;
  for (double value : values) mean += value / count;
  for (double value : values) squares += (value - mean) * (value - mean);
  return 2 * count * squares;
}

}  // namespace

std::optional<double> krippendorff_alpha(const Ratings& ratings, MeasurementLevel level) {
  auto units = pairable(ratings);
  if (level == MeasurementLevel::kOrdinal) replace_by_places(units);
  std::vector<double> all;
  double observed = 0;
  for (const auto& unit : units) {
    observed += disagreement(unit, level) / static_cast<double>(unit.size() - 1);
    all.insert(all.end(), unit.begin(), unit.end());
  }
  const double expected = disagreement(all, level);
  if (all.empty() || expected == 0) return std::nullopt;
  return 1 - static_cast<double>(all.size() - 1) * observed / expected;
}

std::optional<double> cohen_kappa(std::span<const double> a, std::span<const double> b) {
  XLT_CHECK(a.size() == b.size(), a.size(), " ratings against ", b.size());
  if (a.empty()) return std::nullopt;
  const auto n = static_cast<double>(a.size());
  std::map<double, std::pair<double, double>> shares;
  double agreed = 0, by_chance = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    shares[a[i]].first += 1 / n;
    shares[b[i]].second += 1 / n;
    agreed += a[i] == b[i];
  }
  for (const auto& [category, share] : shares) by_chance += share.first * share.second;
  if (shares.size() == 1) return std::nullopt;
  return (agreed / n - by_chance) / (1 - by_chance);
}

std::optional<double> fleiss_kappa(const std::vector<std::vector<int64_t>>& counts) {
  if (counts.empty()) return std::nullopt;
  std::vector<double> shares(counts[0].size());
  double raters = 0, agreed = 0;
  for (int64_t count : counts[0]) raters += static_cast<double>(count);
  XLT_CHECK(raters >= 2, raters, " raters");
  for (const auto& unit : counts) {
    double here = 0, pairs = 0;
    XLT_CHECK(unit.size() == shares.size(), unit.size(), " categories, not ", shares.size());
    for (size_t c = 0; c < unit.size(); ++c) {
      const auto count = static_cast<double>(unit[c]);
      here += count;
      pairs += count * (count - 1);
      shares[c] += count;
    }
    XLT_CHECK(here == raters, here, " raters, not ", raters);
    agreed += pairs / (raters * (raters - 1));
  }
  const auto units = static_cast<double>(counts.size());
  double by_chance = 0;
  for (double share : shares) by_chance += share * share / (units * raters * units * raters);
  if (by_chance >= 1) return std::nullopt;
  return (agreed / units - by_chance) / (1 - by_chance);
}

}  // namespace xlt
