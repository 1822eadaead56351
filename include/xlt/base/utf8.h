// SPDX-License-Identifier: Apache-2.0
// Bytes that are no text, made text. (What is invalid is found by find_invalid_utf8 of xlt/base/file.h.)
#pragma once

#include <string>
#include <string_view>

namespace xlt {

// Names of files may be any bytes, text in JSON may not: each byte that is no UTF-8 is written out ("caf\xE9"
// in 7 characters). Valid text comes back as it is.
std::string escape_invalid_utf8(std::string_view text);
// For a terminal, which obeys control characters, and to which strangers' files would speak through a
// message: they are written out too ("\\x1B"), but for tabs and ends of lines.
std::string escape_controls(std::string_view text);

}  // namespace xlt
