// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/display_width.h"

#include <algorithm>

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

std::vector<std::string> aligned_lines(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string& line = lines.emplace_back();
    for (size_t c = 0; c < row.size(); ++c)
      line.append(row[c]).append(widths[c] + 2 - display_width(row[c]), ' ');
    line.resize(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

}  // namespace xlt
