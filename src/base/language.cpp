// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/language.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/error.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

constexpr LanguageInfo kLanguages[] = {
#define X(tag, name, script, has_word_spaces) {tag, name, script, has_word_spaces},
#include "base/languages.def"
#undef X
};

std::vector<std::string> subtags_of(std::string_view tag) {
  std::vector<std::string> subtags(1);
  for (char c : tag) {
    if (c == '-' || c == '_') {
      subtags.emplace_back();
    } else {
      subtags.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return subtags;
}

// BCP-47 case: script "Hans", region "BR", everything else lower.
std::string cased(std::string subtag, bool after_singleton) {
  const bool is_alpha =
      std::all_of(subtag.begin(), subtag.end(), [](unsigned char c) { return std::isalpha(c); });
  if (after_singleton) return subtag;
  if (subtag.size() == 4 && is_alpha)
    subtag[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(subtag[0])));
  if (subtag.size() == 2 && is_alpha)
    for (char& c : subtag) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return subtag;
}

}  // namespace

std::span<const LanguageInfo> known_languages() { return kLanguages; }

std::string primary_language(std::string_view tag) { return subtags_of(tag)[0]; }

const LanguageInfo* find_language(std::string_view tag) {
  const std::string primary = primary_language(tag);
  for (const LanguageInfo& language : kLanguages)
    if (primary == language.tag) return &language;
  return nullptr;
}

std::string parse_language(std::string_view tag) {
  const auto subtags = subtags_of(tag);
  const bool is_well_formed = std::all_of(subtags.begin(), subtags.end(), [](const std::string& subtag) {
    return !subtag.empty() && subtag.size() <= 8 &&
           std::all_of(subtag.begin(), subtag.end(), [](unsigned char c) { return std::isalnum(c); });
  });
  if (!is_well_formed || !find_language(tag)) {
    std::vector<std::string> tags;
    for (const LanguageInfo& language : kLanguages) tags.emplace_back(language.tag);
    const std::string near = nearest_name(subtags[0], tags);
    throw Error(ErrorKind::kUsage,
                str_cat("unknown language \"", tag, "\": expected a BCP-47 tag such as en, pt-BR, zh-Hans",
                        near.empty() ? "" : str_cat("; did you mean \"", near, "\"?")));
  }
  std::string normal = subtags[0];
  bool after_singleton = false;
  for (size_t i = 1; i < subtags.size(); ++i) {
    normal += "-" + cased(subtags[i], after_singleton);
    after_singleton = after_singleton || subtags[i].size() == 1;
  }
  return normal;
}

std::string language_name(std::string_view tag) {
  const LanguageInfo* language = find_language(tag);
  return language ? language->name : std::string(tag);
}

}  // namespace xlt
