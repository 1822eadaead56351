// SPDX-License-Identifier: Apache-2.0
#include "findings/table_text.h"

#include <string_view>

namespace xlt {

std::string latex_text(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c == '\\'              ? std::string("\\textbackslash{}")
               : c == '~' || c == '^' ? std::string("\\") + c + "{}"
                                      : std::string(1, c);
  }
  return escaped;
}

}  // namespace xlt
