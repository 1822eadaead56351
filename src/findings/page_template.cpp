// SPDX-License-Identifier: Apache-2.0
#include "findings/page_template.h"

#include <string_view>

#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr std::string_view kDataMark = "@DATA@", kTitleMark = "@TITLE@";

std::string escaped_html(const std::string& text) {
  std::string escaped;
  for (char c : text)
    escaped += c == '&' ? std::string("&amp;") : c == '<' ? std::string("&lt;") : std::string(1, c);
  return escaped;
}

}  // namespace

std::string filled_page(const char* page, const std::string& title, const Json& data) {
  // Inside a script element only "<" could end it.
  std::string json;
  for (char c : dump_json(data)) json += c == '<' ? std::string("\\u003c") : std::string(1, c);
  std::string text = page;
  // The data first: a title may hold its mark.
  text.replace(text.rfind(kDataMark), kDataMark.size(), json);
  text.replace(text.find(kTitleMark), kTitleMark.size(), escaped_html(title));
  return text;
}

}  // namespace xlt
