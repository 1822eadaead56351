// SPDX-License-Identifier: Apache-2.0
// The kinds of scorers, how each is named on the command line, and what judges.
#pragma once

#include <vector>

#include "xlt/base/described.h"

namespace xlt {

std::vector<Described> described_scorers();

}  // namespace xlt
