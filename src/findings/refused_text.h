// SPDX-License-Identifier: Apache-2.0
// What a comparison left out, counted by reason.
#pragma once

#include <string>

#include "xlt/base/json_fwd.h"

namespace xlt {

// `refused` of a comparison → "not measured in out/before: no data file … (12), no such cell in out/after
// (3)": most frequent first, and what stands apart in a reason (a file, a language) as an ellipsis.
std::string refused_text(const Json& refused);

}  // namespace xlt
