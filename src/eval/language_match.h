// SPDX-License-Identifier: Apache-2.0
// Whether a text is in the language it should be in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "xlt/scorers/unscored.h"
#include "xlt/text/language_id.h"

namespace xlt {

// Why no text can be held against `language`: no identifier was given (null), or it does not know the
// language ("identifier does not know zu"). Empty: it can.
Unscored why_language_unknown(const LanguageIdentifier* identifier, std::string_view language);
// Whether the top label is the language's, whatever its probability; nothing if `identifier` does not know
// the language.
std::optional<bool> matches_language(const LanguageIdentifier& identifier, std::string_view text,
                                     std::string_view language);

}  // namespace xlt
