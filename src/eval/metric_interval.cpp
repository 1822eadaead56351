// SPDX-License-Identifier: Apache-2.0
#include "eval/metric_interval.h"

#include <algorithm>
#include <cmath>

#include "xlt/stats/bootstrap.h"

namespace xlt {

namespace {

Interval scaled(Interval interval, double scale) { return {interval.low * scale, interval.high * scale}; }

// The lowest and the highest ratio that an item has, of a metric of one ratio.
Interval range_of_items(const RatioTable& table) {
  Interval range{INFINITY, -INFINITY};
  for (const Ratio& ratio : table.cells) {
    range.low = std::min(range.low, ratio.numerator / ratio.denominator);
    range.high = std::max(range.high, ratio.numerator / ratio.denominator);
  }
  return range;
}

// Items that are 0 or 1, or that all lie at one bound: then each counts as one trial, whatever was sampled of
// it, which is right however alike an item's samples are.
std::optional<Interval> closed_form(const RatioTable& table) {
  const bool is_binary = std::all_of(table.cells.begin(), table.cells.end(), [](const Ratio& ratio) {
    return ratio.denominator == 1 && (ratio.numerator == 0 || ratio.numerator == 1);
  });
  const Interval range = range_of_items(table);
  if (!is_binary && range.high > 0 && range.low < 1) return std::nullopt;
  double successes = 0;
  for (const Ratio& ratio : table.cells) successes += ratio.numerator > 0;
  return share_interval(successes, static_cast<double>(table.num_items()));
}

std::vector<double> replicates_of(const MetricSpec& spec, const RatioTable& table,
                                  const BootstrapWeights& weights) {
  std::vector<double> replicates;
  for (int64_t draw = 0; draw < weights.draws(); ++draw)
    replicates.push_back(value_of(spec, table, weights.of(draw)));
  return replicates;
}

// What the items allow: their sums make nothing below 0 where none of them is.
bool is_never_negative(const RatioTable& table) {
  return std::all_of(table.cells.begin(), table.cells.end(),
                     [](const Ratio& ratio) { return ratio.numerator >= 0 && ratio.denominator >= 0; });
}

}  // namespace

std::optional<Interval> metric_interval(const MetricSpec& spec, const RatioTable& table,
                                        int64_t num_resamples, const Rng& rng) {
  if (table.num_items() < 2) return std::nullopt;
  const bool is_bounded = keeps_bounds(spec, table), is_single = is_single_ratio(spec);
  if (is_bounded && is_single)
    if (const auto interval = closed_form(table)) return scaled(*interval, spec.scale);
  const double value = value_of(spec, table);
  const BootstrapWeights weights(rng, table.ids, num_resamples);
  auto replicates = replicates_of(spec, table, weights);
  const double t = t_over_normal(static_cast<double>(table.num_items() - 1));
  if (!is_bounded) {
    const auto [low, high] = std::minmax_element(replicates.begin(), replicates.end());
    if (*high - *low <= 1e-12 * std::abs(value)) return std::nullopt;
    auto interval = bootstrap_interval(std::move(replicates), value, t * missing_spread(table.num_items()));
    if (interval && value >= 0 && is_never_negative(table)) interval->low = std::max(interval->low, 0.0);
    return interval ? std::optional(around(*interval, value)) : std::nullopt;
  }
  const Interval items = is_single ? range_of_items(table) : Interval{0, 1};
  smooth(replicates, weights, scaled({items.low / 2, (1 + items.high) / 2}, spec.scale), rng);
  auto interval = bootstrap_interval(std::move(replicates), value, t);
  if (interval)
    interval = around({std::max(interval->low, 0.0), std::min(interval->high, spec.scale)}, value);
  return interval;
}

}  // namespace xlt
