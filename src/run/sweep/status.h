// SPDX-License-Identifier: Apache-2.0
// Plans and their progress, for people and scripts.
#pragma once

#include "run/sweep/plan.h"

namespace xlt {

// {"cells", "totals"} of `--dry-run`.
Json sweep_plan_json(const SweepPlan& plan);

}  // namespace xlt
