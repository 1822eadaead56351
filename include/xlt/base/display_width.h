// SPDX-License-Identifier: Apache-2.0
// Columns that a text takes on a terminal, and tables that are aligned by them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

// Wide East Asian characters take two columns, combining marks and format characters none (UAX #11).
size_t display_width(std::string_view text);
// A line a row, its cells below those of the other rows, two spaces between the widest and the next. No line
// ends in spaces.
std::vector<std::string> aligned_lines(const std::vector<std::vector<std::string>>& rows);

}  // namespace xlt
