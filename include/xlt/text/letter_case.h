// SPDX-License-Identifier: Apache-2.0
// Upper and lower case by Unicode's full mappings, of no language in particular, as Python's str has them: İ
// becomes two code points.
#pragma once

#include <string>
#include <string_view>

namespace xlt {

// str.lower()
std::string lower_case(std::string_view text);
// str.capitalize(): the first character in title case, all others in lower case.
std::string capitalized(std::string_view text);

}  // namespace xlt
