// SPDX-License-Identifier: Apache-2.0
// What can be chosen for a training, in words.
#pragma once

#include <vector>

#include "xlt/base/described.h"

namespace xlt {

std::vector<Described> described_methods();
std::vector<Described> described_optimizers();
std::vector<Described> described_schedules();

}  // namespace xlt
