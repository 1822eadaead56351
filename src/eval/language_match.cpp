// SPDX-License-Identifier: Apache-2.0
#include "eval/language_match.h"

#include "xlt/base/language.h"

namespace xlt {

Unscored why_language_unknown(const LanguageIdentifier* identifier, std::string_view language) {
  if (!identifier) return {Reason::kNoIdentifier};
  if (identifier->knows(language)) return {};
  return {Reason::kIdentifierUnaware, std::string(language)};
}

std::optional<bool> matches_language(const LanguageIdentifier& identifier, std::string_view text,
                                     std::string_view language) {
  if (!identifier.knows(language)) return std::nullopt;
  return is_language(identifier.identify(text).language, language);
}

}  // namespace xlt
