// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xlt {

// The parts of a text between the separators, empty ones too: one more than there are separators.
//   split("a,,b", ',')   // {"a", "", "b"}
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace xlt
