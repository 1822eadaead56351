// SPDX-License-Identifier: Apache-2.0
// One metric's ratios of the items of one run in one language, and the metric of their sums.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "xlt/eval/metric.h"

namespace xlt {

struct RatioTable {
  std::vector<std::string> ids;
  std::vector<Ratio> cells;  // [item][ratio], in the metric's order; a ratio that an item lacks is 0/0

  int64_t num_items() const { return static_cast<int64_t>(ids.size()); }
  std::span<const Ratio> row(int64_t item) const {
    const size_t width = cells.size() / ids.size();
    return {cells.data() + static_cast<size_t>(item) * width, width};
  }
  // Adds an item by its ratios, by name; one that counts nowhere (all of the metric's are missing or 0/0) is
  // left out.
  void add(const MetricSpec& spec, const std::string& id, const std::map<std::string, Ratio>& ratios);
};

// Σ over items, of a metric of sums; with `weights`, one an item, Σ of weighted ratios.
std::vector<Ratio> sums_of(const MetricSpec& spec, const RatioTable& table,
                           std::span<const double> weights = {});
// The metric; NaN: undefined.
double value_of(const MetricSpec& spec, const RatioTable& table, std::span<const double> weights = {});
// Whether the metric is bounded and its items keep to that (0 ≤ numerator ≤ denominator).
bool keeps_bounds(const MetricSpec& spec, const RatioTable& table);
// Whether the metric is scale · Σ numerator / Σ denominator of one ratio, so that an item has a ratio of its
// own.
bool is_single_ratio(const MetricSpec& spec);

}  // namespace xlt
