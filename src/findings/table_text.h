// SPDX-License-Identifier: Apache-2.0
// Cells of tables as CSV and as LaTeX.
#pragma once

#include <string>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Quoted where it must be; null is empty. Numbers have all their digits.
std::string csv_field(const Json& value);
// Text whose special characters are escaped.
std::string latex_text(const std::string& text);

}  // namespace xlt
