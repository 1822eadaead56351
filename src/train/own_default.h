// SPDX-License-Identifier: Apache-2.0
// Options of which each method has a default of its own: -1, as help and config files show it, stands for it.
#pragma once

#include "xlt/base/config.h"

namespace xlt {

inline constexpr double kOwnDefault = -1;

// "≥ 0, or -1"
OptionCheck zero_or_more_or_own();
inline double value_or(double value, double own) { return value == kOwnDefault ? own : value; }

}  // namespace xlt
