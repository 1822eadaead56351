// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/clustered_mean.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "xlt/base/error.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {

// Σ over clusters of (Σ residuals)², over n², with G / (G − 1); and G.
struct ClusterVariance {
  double variance = 0;
  int64_t clusters = 0;
};

template <typename Key>
ClusterVariance variance_by(const std::map<Key, double>& sums, double n) {
  const auto clusters = static_cast<int64_t>(sums.size());
  if (clusters < 2) return {0, clusters};
  double squares = 0;
  for (const auto& [key, sum] : sums) squares += sum * sum;
  const auto g = static_cast<double>(clusters);
  return {squares / (n * n) * g / (g - 1), clusters};
}

}  // namespace

std::optional<ClusteredMean> clustered_mean(std::span<const double> values, std::span<const int64_t> items,
                                            std::span<const int64_t> raters) {
  XLT_CHECK(values.size() == items.size() && values.size() == raters.size(), values.size(), " values, ",
            items.size(), " items, ", raters.size(), " raters");
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += value;
  mean /= n;
  std::map<int64_t, double> by_item, by_rater;
  std::map<std::pair<int64_t, int64_t>, double> by_pair;
  for (size_t i = 0; i < values.size(); ++i) {
    by_item[items[i]] += values[i] - mean;
    by_rater[raters[i]] += values[i] - mean;
    by_pair[{items[i], raters[i]}] += values[i] - mean;
  }
  const auto item = variance_by(by_item, n), rater = variance_by(by_rater, n), pair = variance_by(by_pair, n);
  if (item.clusters < 2) return std::nullopt;
  const double added = rater.clusters > 1 ? std::max(0.0, rater.variance - pair.variance) : 0;
  const double variance = item.variance + added;
  const auto item_freedom = static_cast<double>(item.clusters - 1),
             rater_freedom = static_cast<double>(rater.clusters - 1);
  const double freedom = variance > 0 ? variance * variance /
                                            (item.variance * item.variance / item_freedom +
                                             (added > 0 ? added * added / rater_freedom : 0))
                                      : item_freedom;
  return ClusteredMean{mean,
                       std::sqrt(item.variance),
                       std::sqrt(rater.variance),
                       std::sqrt(pair.variance),
                       std::sqrt(variance),
                       freedom,
                       static_cast<int64_t>(values.size()),
                       item.clusters,
                       rater.clusters};
}

Interval mean_interval(const ClusteredMean& mean) {
  const double reach = t_quantile(0.975, mean.degrees_of_freedom) * mean.std_error;
  return {mean.value - reach, mean.value + reach};
}

Interval share_interval(const ClusteredMean& mean) {
  const auto items = static_cast<double>(mean.num_items), most = static_cast<double>(mean.judgements);
  const double variance = mean.std_error * mean.std_error, cost = t_over_normal(mean.degrees_of_freedom);
  const double trials = variance > 0 ? std::min(mean.value * (1 - mean.value) / variance, most) : items;
  const double kept = std::max(trials / (cost * cost), 1e-3);
  return share_interval(mean.value * kept, kept);
}

}  // namespace xlt
