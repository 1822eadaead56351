// SPDX-License-Identifier: Apache-2.0
// Whether a text is in the language it should be in.
#pragma once

#include <string>
#include <string_view>

#include "xlt/text/language_id.h"

namespace xlt {

// The identifier's label of a BCP-47 tag ("pt-BR" → "pt", "nb" → "no").
std::string identifier_label(const std::string& language);
// The top label is the language's, whatever its probability.
bool matches_language(const LanguageIdentifier& identifier, std::string_view text,
                      const std::string& language);

}  // namespace xlt
