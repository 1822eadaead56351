// SPDX-License-Identifier: Apache-2.0
#include "text/part_table.h"

#include "text/utf8.h"

namespace xlt {

std::string one_character(const JsonView& json, const char* key, const char* fallback) {
  const std::string text = *fallback ? json.get(key, fallback) : json.at(key).as_string();
  if (text.empty() || utf8_length(text[0]) != text.size())
    json.at(key).fail(str_cat("expected one character, found \"", text, "\""));
  return text;
}

}  // namespace xlt
