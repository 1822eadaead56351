// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// Linear interpolation between order statistics (Hyndman & Fan 1996, type 7).
double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace

std::optional<double> mean_of(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> median_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

std::optional<double> sd_of(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  const double mean = *mean_of(values);
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::optional<Interval> bootstrap_ci95(int64_t size,
                                       const std::function<double(std::span<const int64_t>)>& statistic,
                                       Rng rng, int64_t num_resamples) {
  if (size < 2) return std::nullopt;
  std::vector<double> values;
  std::vector<int64_t> drawn(size);
  for (int64_t resample = 0; resample < num_resamples; ++resample) {
    for (int64_t& index : drawn) index = rng.below(size);
    const double value = statistic(drawn);
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return Interval{quantile(values, 0.025), quantile(values, 0.975)};
}

Estimate mean_estimate(std::span<const double> values, const Rng& rng) {
  const auto resampled_mean = [&](std::span<const int64_t> drawn) {
    double sum = 0;
    for (int64_t index : drawn) sum += values[index];
    return sum / static_cast<double>(drawn.size());
  };
  const auto size = static_cast<int64_t>(values.size());
  return {mean_of(values), bootstrap_ci95(size, resampled_mean, rng), size};
}

Estimate paired_difference(std::span<const double> a, std::span<const double> b, const Rng& rng) {
  XLT_CHECK(a.size() == b.size(), a.size(), " values against ", b.size());
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i)
    if (!std::isnan(a[i]) && !std::isnan(b[i])) differences.push_back(a[i] - b[i]);
  return mean_estimate(differences, rng);
}

}  // namespace xlt
