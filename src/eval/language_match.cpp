// SPDX-License-Identifier: Apache-2.0
#include "eval/language_match.h"

#include "xlt/base/error.h"
#include "xlt/base/language.h"

namespace xlt {

std::string why_language_unknown(const LanguageIdentifier* identifier, std::string_view language) {
  if (!identifier) return "no language identification model (--lid)";
  return identifier->knows(language) ? std::string() : str_cat("identifier does not know ", language);
}

std::optional<bool> matches_language(const LanguageIdentifier& identifier, std::string_view text,
                                     std::string_view language) {
  if (!identifier.knows(language)) return std::nullopt;
  return is_language(identifier.identify(text).language, language);
}

}  // namespace xlt
