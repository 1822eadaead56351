// SPDX-License-Identifier: Apache-2.0
// Columns a text takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xlt {

// Wide East Asian characters take two columns, combining marks and format characters none (UAX #11).
size_t display_width(std::string_view text);
// Padded with spaces on the right to `columns`.
std::string padded(const std::string& text, size_t columns);

}  // namespace xlt
