// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/quoting.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/json.h"

namespace xlt {

std::string csv_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_field(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return dump_json(value);
  const auto text = value.get<std::string>();
  return text.find_first_of(",\"\r\n") == std::string::npos ? text : csv_quoted(text);
}

std::string markup_text(std::string_view text) {
  std::string escaped;
  for (const char c : text)
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>' && escaped.ends_with("]]"))  // XML has "]]>" nowhere but behind <![CDATA[
      escaped += "&gt;";
    else
      escaped += c;
  return escaped;
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string shell_word(std::string_view text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("_-./:=,+@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return is_plain ? std::string(text) : shell_quoted(text);
}

}  // namespace xlt
