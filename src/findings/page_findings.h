// SPDX-License-Identifier: Apache-2.0
// A comparison in words.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// How many changes hold after Holm's correction (p below 0.05), and which: by arm, metric and way, in how
// many languages, the most first. Of two scorings the corrected one is told, and the count of all stands
// beside it.
std::vector<std::string> findings_in_words(const Json& comparison);

}  // namespace xlt
