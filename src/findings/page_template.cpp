// SPDX-License-Identifier: Apache-2.0
#include "findings/page_template.h"

#include <string_view>

#include "xlt/base/json.h"
#include "xlt/base/quoting.h"

namespace xlt {

namespace {

constexpr std::string_view kDataMark = "@DATA@", kTitleMark = "@TITLE@";

}  // namespace

std::string filled_page(const char* page, const std::string& title, const Json& data) {
  // Inside a script element only "<" could end it.
  std::string json;
  for (char c : dump_json(data)) json += c == '<' ? std::string("\\u003c") : std::string(1, c);
  std::string text = page;
  // The data first: a title may hold its mark.
  text.replace(text.rfind(kDataMark), kDataMark.size(), json);
  text.replace(text.find(kTitleMark), kTitleMark.size(), markup_text(title));
  return text;
}

}  // namespace xlt
