// SPDX-License-Identifier: Apache-2.0
// One benchmark in one language: items → metrics → JSON.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/rng.h"
#include "xlt/eval/benchmark.h"
#include "xlt/eval/ratio_table.h"
#include "xlt/stats/interval.h"

namespace xlt {

// Whether the item has one of the metric's ratios.
bool has_ratio(const MetricSpec& spec, const ScoredItem& item);
RatioTable table_of(const MetricSpec& spec, const std::vector<ScoredItem>& items);
Json number_or_null(double value);
Json interval_json(const std::optional<Interval>& interval);

// {value|null, ci95, n, left_out: {reason: count}, higher_is_better, formula, ideal?, reason?}: value
// of all items, its interval (metric_interval), n = items that count (0/0 does not), left_out = all the
// others; the reason of a null is the most frequent one.
Json reduce_metric(const MetricSpec& spec, const std::vector<ScoredItem>& items, int64_t bootstrap_samples,
                   const Rng& rng);
// n_items, n_scored, unscored {reason: count}, metrics. An item is scored if it has a ratio of a headline
// metric,
// so a metric of its own may be of fewer: its left_out says why.
Json reduce_cell(const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                 int64_t bootstrap_samples, const Rng& rng);

}  // namespace xlt
