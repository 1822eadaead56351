// SPDX-License-Identifier: Apache-2.0
// What the ways of running a sweep share.
#pragma once

#include "run/sweep/plan.h"

#include <filesystem>

namespace xlt {

// DIR/plan.json
void write_plan(const std::filesystem::path& folder, const SweepPlan& plan);

// Throws kUsage where the folder of the options holds another sweep than `plan` (plan_change.h), unless they
// say to replace it.
void check_folder(const SweepOptions& options, const SweepPlan& plan);

}  // namespace xlt
