// SPDX-License-Identifier: Apache-2.0
#include "eval/display_width.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace xlt {

namespace {

size_t width_of(UChar32 c) {
  const int8_t type = u_charType(c);
  if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) return 0;
  const int32_t width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t columns = 0;
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), i, length, c);
    columns += width_of(c);
  }
  return columns;
}

std::string padded(const std::string& text, size_t columns) {
  const size_t width = display_width(text);
  return width < columns ? text + std::string(columns - width, ' ') : text;
}

}  // namespace xlt
