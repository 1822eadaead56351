// SPDX-License-Identifier: Apache-2.0
// What of a design only its sweeps would find out, after the worlds were made and the models trained.
#pragma once

#include "run/lab/lab_design.h"

#include "xlt/run/sweep.h"

namespace xlt {

// Those that a design is evaluated on unless it says otherwise.
std::vector<std::string> lab_benchmarks();

// Options of the comparison, by name and value; that the target is a recipe's, and a metric that the
// evaluation has and the comparison keeps. Throws kConfig naming the place.
void check_lab_design(const LabDesign& design, const SweepTools& tools);

}  // namespace xlt
