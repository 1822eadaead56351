// SPDX-License-Identifier: Apache-2.0
// The 95 % interval of one metric in one language.
#pragma once

#include <optional>

#include "xlt/base/rng.h"
#include "xlt/eval/ratio_table.h"
#include "xlt/stats/interval.h"

namespace xlt {

// Over items, each with all that was sampled of it (a cluster). A share of items that are 0 or 1: closed form
// (share_interval). Otherwise the Bayesian bootstrap of stats/bootstrap.h with Student's t; where the metric
// is bounded, half a pseudo-item halfway between the lowest item and the lower bound, and half of one at the
// upper end, stand for items that were not seen, so that items that are all equal leave an interval too.
// Nothing for fewer than two items, or for equal items without bounds, whose spread nobody knows.
std::optional<Interval> metric_interval(const MetricSpec& spec, const RatioTable& table,
                                        int64_t num_resamples, const Rng& rng);

}  // namespace xlt
