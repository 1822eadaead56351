// SPDX-License-Identifier: Apache-2.0
#include "findings/table_text.h"

#include <string_view>

#include "xlt/base/json.h"

namespace xlt {

std::string csv_field(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return dump_json(value);
  const auto text = value.get<std::string>();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

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
