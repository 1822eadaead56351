// SPDX-License-Identifier: Apache-2.0
#include "eval/language_match.h"

#include "xlt/base/language.h"

namespace xlt {

std::string identifier_label(const std::string& language) {
  const std::string primary = primary_language(language);
  if (primary == "nb") return "no";
  if (primary == "fil") return "tl";
  return primary;
}

bool matches_language(const LanguageIdentifier& identifier, std::string_view text,
                      const std::string& language) {
  return identifier.identify(text).language == identifier_label(language);
}

}  // namespace xlt
