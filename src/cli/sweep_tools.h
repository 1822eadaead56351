// SPDX-License-Identifier: Apache-2.0
// What a sweep, and whatever runs one, is told by the command line.
#pragma once

#include "xlt/run/sweep.h"

namespace xlt::cli {

SweepTools make_sweep_tools();

}  // namespace xlt::cli
