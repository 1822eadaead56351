// SPDX-License-Identifier: Apache-2.0
// Small UTF-8 helpers of `text`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xlt {

// Bytes of the character that begins with `lead`; the text must be valid UTF-8.
inline size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
char32_t decode_utf8(std::string_view text, size_t at);
void append_utf8(std::string& text, char32_t code_point);
// Ill-formed bytes become U+FFFD, one for each maximal subpart (Unicode 15, section 3.9).
std::string repaired_utf8(std::string_view bytes);
// Lower case, character by character: no rule looks at its neighbours (the final sigma).
std::string lower_case_each(std::string_view text);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace xlt
