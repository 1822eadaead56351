// One benchmark in one language: items → metrics → JSON. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

// An items row: {"id", …detail, "ratios": {name: [numerator, denominator]}, "unscored"?}, and back (without
// detail).
Json item_to_json(const ScoredItem& item);
ScoredItem item_from_json(const Json& json);

// {value|null, ci95, n, higher_is_better, reason?}: value of all items, bootstrap over items, n = items that
// have the ratios.
Json reduce_metric(const MetricSpec& spec, const std::vector<ScoredItem>& items, int64_t bootstrap_samples,
                   const Rng& rng);
// metric(after) − metric(before) over items scored on both sides, paired bootstrap; null where there are
// none.
Json paired_change(const MetricSpec& spec, const std::vector<ScoredItem>& before,
                   const std::vector<ScoredItem>& after, int64_t bootstrap_samples, const Rng& rng);
// n_items, n_scored, unscored {reason: count}, metrics
Json reduce_cell(const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                 int64_t bootstrap_samples, const Rng& rng);

}  // namespace xlt
