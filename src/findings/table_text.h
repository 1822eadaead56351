// SPDX-License-Identifier: Apache-2.0
// Cells of tables as LaTeX.
#pragma once

#include <string>

namespace xlt {

// Text whose special characters are escaped.
std::string latex_text(const std::string& text);

}  // namespace xlt
