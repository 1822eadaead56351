// SPDX-License-Identifier: Apache-2.0
// One benchmark in one language: items → metrics → JSON.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/stats.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

// Items' ratios of one metric: [item][ratio]; missing ratios are 0/0, which changes no sum.
using RatioTable = std::vector<std::vector<Ratio>>;
bool has_ratio(const MetricSpec& spec, const ScoredItem& item);
// Rows are the items that have at least one of the ratios.
RatioTable table_of(const MetricSpec& spec, const std::vector<ScoredItem>& items);
double value_of(const MetricSpec& spec, const RatioTable& table, std::span<const int64_t> drawn);
std::vector<int64_t> all_of(const RatioTable& table);
Json number_or_null(double value);
Json interval_json(const std::optional<Interval>& interval);

// {value|null, ci95, n, higher_is_better, formula, ideal?, reason?}: value of all items, bootstrap over
// items, n = items that count (0/0 does not); the reason of a null is the most frequent one.
Json reduce_metric(const MetricSpec& spec, const std::vector<ScoredItem>& items, int64_t bootstrap_samples,
                   const Rng& rng);
// n_items, n_scored, unscored {reason: count}, metrics. An item is scored if it has a ratio of a headline
// metric.
Json reduce_cell(const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                 int64_t bootstrap_samples, const Rng& rng);

}  // namespace xlt
