// SPDX-License-Identifier: Apache-2.0
// The results of finished cells, brought together.
#pragma once

#include "run/sweep/plan.h"

#include <filesystem>

#include "xlt/base/context.h"

namespace xlt {

// Writes DIR/compare/MODEL/ for each model with an untouched and a trained arm whose evaluations are done,
// and DIR/report.html where `tools` can; leaves what is there already and of the same cells. One process at a
// time; others wait for it. Arms that are not done are named and left out.
void collect(const std::filesystem::path& folder, const SweepPlan& plan, const SweepTools& tools,
             const Context& context);

}  // namespace xlt
