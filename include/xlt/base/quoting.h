// SPDX-License-Identifier: Apache-2.0
// Text inside other notations, in which some of its characters would mean something.
#pragma once

#include <string>
#include <string_view>

#include "xlt/base/json_fwd.h"

namespace xlt {

// A field of CSV (RFC 4180), in quotes where it must be; null is empty. Numbers have all their digits.
std::string csv_field(const Json& value);
// A text in quotes, whether it must be or not.
std::string csv_quoted(std::string_view text);

// Text between the tags of HTML or XML (SVG too); for an attribute's value it does not do.
std::string markup_text(std::string_view text);

// A word of a POSIX shell: as it is where nothing in it means anything to one, else in quotes.
std::string shell_word(std::string_view text);
// In quotes, whether it must be or not.
std::string shell_quoted(std::string_view text);

}  // namespace xlt
