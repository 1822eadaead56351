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
// By primary subtag, canonical or not (iw); nullptr if unknown. Private codes, qaa … qtz, have no name.
const LanguageInfo* find_language(std::string_view tag);
// "EN_us" → "en-US", "iw" → "he", "eng_Latn" → "en", "zho_Hans" → "zh-Hans"; throws kUsage with the nearest
// known tag when it is no well-formed BCP-47 tag of a known language.
std::string parse_language(std::string_view tag);
// What others call a language, as BCP-47 does, with the script if one is named: "cmn_Hani" → "zh-Hani",
// "arb" → "ar", "jw" → "jv", "sh" → "sr-Latn". A code that is none of ours stays ("ace_Arab" → "ace-Arab").
std::string canonical_language(std::string_view tag);
// The same for all tags of one language: "pt-BR" → "pt", "iw" → "he", nb → "no", fil → "tl".
std::string language_key(std::string_view tag);
// language_key with the script, the usual one if none is named, and what follows: the same for zh and
// zh-Hans, for nb and no; different for pt and pt-BR.
std::string full_language(std::string_view tag);
// Whether what is labelled `tag` counts as `language`: the same key, and, where both name a script, the same
// one (Hani is either Han, Jpan and Kore hold theirs). So a label without script is zh-Hant where only zh
// can be told, and any script is right where none is asked for. Dialects that CLDR does not fold into a
// language are languages of their own (arz is not ar).
bool is_language(std::string_view tag, std::string_view language);
// "pt-BR" → "pt"
std::string primary_language(std::string_view tag);
// English name, or the tag itself where unknown.
std::string language_name(std::string_view tag);

}  // namespace xlt
