// SPDX-License-Identifier: Apache-2.0
// `trim`, `strip()`, `lstrip()` and `rstrip()` of the Jinja engine as Python has them. The engine's own knows
// ASCII's white space alone, so that a text ending in an ideographic space would come out otherwise than from
// transformers; the build renames it (src/cmake/dependencies.cmake).
#include "text/utf8.h"

#include <jinja/string.h>

namespace jinja {

namespace {

// str.isspace of Python: white space, or a separator by its bidirectional class.
bool is_python_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool holds(std::string_view characters, char32_t wanted) {
  for (size_t i = 0; i < characters.size(); i += xlt::utf8_length(characters[i]))
    if (xlt::decode_utf8(characters, i) == wanted) return true;
  return false;
}

}  // namespace

string string::strip(bool left, bool right, std::optional<const std::string_view> chars) {
  const std::string text = str();
  const auto goes = [&](size_t at) {
    const char32_t c = xlt::decode_utf8(text, at);
    return chars ? holds(*chars, c) : is_python_space(c);
  };
  size_t begin = 0, end = text.size();
  while (left && begin < end && goes(begin)) begin += xlt::utf8_length(text[begin]);
  while (right && end > begin) {
    size_t last = end - 1;
    while (last > begin && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!goes(last)) break;
    end = last;
  }
  parts.clear();  // where the text came from is not kept; nobody asks
  if (begin < end) parts.push_back({false, text.substr(begin, end - begin)});
  return *this;
}

}  // namespace jinja
