// SPDX-License-Identifier: Apache-2.0
// What the metrics of a page are: their meaning, which way is better, and what they can be at all.
#pragma once

#include "findings/page_tables.h"

namespace xlt {

// A row a benchmark and metric of the tables of changes and values, in their order: "benchmark", "metric",
// "meaning" (of src/eval/metrics.def; null: it has none), "better", "lowest", "highest" (what is possible;
// null: no bound, or the report does not say), "ideal".
PageTable metrics_table(const std::vector<Arm>& arms, const Json& comparison,
                        const std::vector<std::string>& asked);

}  // namespace xlt
