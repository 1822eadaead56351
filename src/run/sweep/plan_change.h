// SPDX-License-Identifier: Apache-2.0
// A sweep's folder, and a grid that is not the one it was made of.
#pragma once

#include "run/sweep/plan.h"

#include <filesystem>

namespace xlt {

// A grid may grow, and what had failed or not begun may change. Throws kUsage where `after` lacks cells of
// `before` that are done or being done, naming them and what differs: they would silently leave the results.
void check_plan_change(const std::filesystem::path& folder, const SweepPlan& before, const SweepPlan& after);

}  // namespace xlt
