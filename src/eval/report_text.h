// SPDX-License-Identifier: Apache-2.0
// Numbers and intervals of a report as text.
#pragma once

#include <string>

#include "xlt/base/json_fwd.h"

namespace xlt {

std::string number_text(const Json& value);  // "0.412", "52.3"; a dash for null
std::string signed_text(double value);       // "+0.412"
// " [0.380, 0.440]", or signed " (-0.260, -0.150)"; empty for null.
std::string interval_text(const Json& interval, bool is_change);
// The scoring that tables show: corrected where it was run, else paper.
std::string scoring_shown(const Json& report);

}  // namespace xlt
