// SPDX-License-Identifier: Apache-2.0
// The results of finished cells, brought together.
#pragma once

#include "run/sweep/plan.h"

#include <cstdint>
#include <filesystem>

#include "xlt/base/context.h"

namespace xlt {

constexpr uint64_t kCompareSeed = 42;  // of resampling; as `xlt compare` has it

// Writes DIR/compare/MODEL/ for each model with an untouched and a trained arm whose evaluations are done,
// leaving what is there already and of the same cells, and the pages (pages.h). What is there of other cells,
// which --replace took out of the grid, is removed. One process at a time; others wait for it. Arms that are
// not done are named and left out.
void collect(const std::filesystem::path& folder, const SweepPlan& plan, const Context& context);

}  // namespace xlt
