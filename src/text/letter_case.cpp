// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/letter_case.h"

#include "text/icu_text.h"
#include "text/utf8.h"

#include <unicode/locid.h>

namespace xlt {

std::string lower_case(std::string_view text) {
  return to_utf8(from_utf8(text).toLower(icu::Locale::getRoot()));
}

std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  const size_t first = utf8_length(text[0]);
  // Of one character the title case needs no word boundaries.
  return to_utf8(from_utf8(text.substr(0, first)).toTitle(nullptr, icu::Locale::getRoot())) +
         lower_case(text.substr(first));
}

}  // namespace xlt
