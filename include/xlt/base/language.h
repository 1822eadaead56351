// SPDX-License-Identifier: Apache-2.0
// Languages by BCP-47 tag (`en`, `pt-BR`, `zh-Hans`). A data set's own code appears only in its language
// table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

struct LanguageInfo {
  const char* tag;       // "zh"
  const char* name;      // "Chinese", English name for people
  const char* script;    // ISO 15924, "Hans"
  bool has_word_spaces;  // false: zh ja th my km lo …
};

// Sorted by tag.
std::span<const LanguageInfo> known_languages();
// By primary subtag; nullptr if unknown.
const LanguageInfo* find_language(std::string_view tag);
// "EN_us" → "en-US"; throws kUsage with the nearest known tag when it is no well-formed BCP-47 tag of a known
// language.
std::string parse_language(std::string_view tag);
// "pt-BR" → "pt"
std::string primary_language(std::string_view tag);
// English name, or the tag itself where unknown.
std::string language_name(std::string_view tag);

}  // namespace xlt
