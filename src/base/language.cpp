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

// qaa … qtz, which ISO 639-2 leaves to whoever needs a language that has no code: one invented for an
// experiment, say. Written in any script, with spaces.
constexpr LanguageInfo kPrivateUse = {"", "", "Zyyy", true};
bool is_private_use(const std::string& code) {
  return code.size() == 3 && code[0] == 'q' && code[1] >= 'a' && code[1] <= 't' && code[2] >= 'a' &&
         code[2] <= 'z';
}

struct LanguageCode {
  const char *code, *tag;
};
constexpr LanguageCode kCodes[] = {
#define X(code, tag) {code, tag},
#include "base/language_codes.def"
#undef X
};

// The tag to use for a code, or null if the code is the one to use.
const char* present_tag(const std::string& code) {
  const auto found = std::lower_bound(std::begin(kCodes), std::end(kCodes), code,
                                      [](const LanguageCode& a, const std::string& b) { return a.code < b; });
  return found != std::end(kCodes) && code == found->code ? found->tag : nullptr;
}

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

bool is_script(const std::string& subtag) {
  return subtag.size() == 4 &&
         std::all_of(subtag.begin(), subtag.end(), [](unsigned char c) { return std::isalpha(c); });
}

// With the code to use; what that says of script or region counts where the tag says nothing.
std::vector<std::string> canonical_subtags(std::string_view tag) {
  std::vector<std::string> subtags = subtags_of(tag);
  // RTP-LX calls Bokmål NO-NB.
  if (subtags.size() > 1 && subtags[0] == "no" && (subtags[1] == "nb" || subtags[1] == "nn"))
    subtags.erase(subtags.begin());
  const char* present = present_tag(subtags[0]);
  if (!present) return subtags;
  const std::vector<std::string> wanted = subtags_of(present);
  subtags[0] = wanted[0];
  if (wanted.size() > 1 && (subtags.size() == 1 || (is_script(wanted[1]) && !is_script(subtags[1]))))
    subtags.insert(subtags.begin() + 1, wanted[1]);
  return subtags;
}

// BCP-47 case: script "Hans", region "BR", everything else lower.
std::string cased(std::string subtag, bool after_singleton) {
  if (after_singleton) return subtag;
  if (is_script(subtag)) subtag[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(subtag[0])));
  if (subtag.size() == 2)
    for (char& c : subtag) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return subtag;
}

std::string tag_of(const std::vector<std::string>& subtags) {
  std::string tag = subtags[0];
  bool after_singleton = false;
  for (size_t i = 1; i < subtags.size(); ++i) {
    tag += "-" + cased(subtags[i], after_singleton);
    after_singleton = after_singleton || subtags[i].size() == 1;
  }
  return tag;
}

std::string script_of(std::string_view tag) {
  const std::vector<std::string> subtags = canonical_subtags(tag);
  return subtags.size() > 1 && is_script(subtags[1]) ? subtags[1] : std::string();
}

// ISO 15924 has codes for what is written in several scripts, and for Han of either kind.
bool holds_script(const std::string& whole, const std::string& part) {
  if (whole == "hani") return part == "hans" || part == "hant";
  if (whole == "jpan") return part == "hira" || part == "kana" || part == "hrkt" || part == "hani";
  return whole == "kore" && (part == "hang" || part == "hani");
}

bool same_script(const std::string& a, const std::string& b) {
  return a == b || holds_script(a, b) || holds_script(b, a);
}

// Data sets whose codes have three letters name the script always (eng_Latn). Chinese has no usual one.
std::vector<std::string> without_usual_script(std::vector<std::string> subtags, const std::string& code) {
  if (code.size() != 3 || subtags.size() < 2 || !is_script(subtags[1]) || subtags[0] == "zh") return subtags;
  std::string usual = find_language(subtags[0])->script;
  usual[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(usual[0])));
  if (same_script(usual, subtags[1])) subtags.erase(subtags.begin() + 1);
  return subtags;
}

// The tag meant by a mistyped one, or by a language's English name; empty: none is near.
std::string nearest_tag(std::string_view written, const std::string& primary) {
  std::vector<std::string> tags, names;
  for (const LanguageInfo& language : kLanguages) {
    tags.emplace_back(language.tag);
    names.emplace_back(language.name);
  }
  if (std::string near = nearest_name(primary, tags); !near.empty()) return near;
  const auto named = std::find(names.begin(), names.end(), nearest_name(written, names));
  return named == names.end() ? "" : tags[static_cast<size_t>(named - names.begin())];
}

}  // namespace

std::span<const LanguageInfo> known_languages() { return kLanguages; }

std::string primary_language(std::string_view tag) { return subtags_of(tag)[0]; }

const LanguageInfo* find_language(std::string_view tag) {
  const std::string primary = canonical_subtags(tag)[0];
  for (const LanguageInfo& language : kLanguages)
    if (primary == language.tag) return &language;
  return is_private_use(primary) ? &kPrivateUse : nullptr;
}

std::string parse_language(std::string_view tag) {
  const auto subtags = subtags_of(tag);
  const bool is_well_formed = std::all_of(subtags.begin(), subtags.end(), [](const std::string& subtag) {
    return !subtag.empty() && subtag.size() <= 8 &&
           std::all_of(subtag.begin(), subtag.end(), [](unsigned char c) { return std::isalnum(c); });
  });
  if (!is_well_formed || !find_language(tag)) {
    const std::string near = nearest_tag(tag, subtags[0]);
    throw Error(ErrorKind::kUsage,
                str_cat("unknown language \"", tag, "\": expected a BCP-47 tag such as en, pt-BR, zh-Hans",
                        near.empty() ? "" : str_cat("; did you mean \"", near, "\"?"),
                        " (`xlt ls languages` lists all)"));
  }
  return tag_of(without_usual_script(canonical_subtags(tag), subtags[0]));
}

std::string canonical_language(std::string_view tag) { return tag_of(canonical_subtags(tag)); }

std::string language_key(std::string_view tag) {
  const std::string primary = canonical_subtags(tag)[0];
  if (primary == "nb") return "no";
  if (primary == "fil") return "tl";
  return primary;
}

std::string full_language(std::string_view tag) {
  std::vector<std::string> subtags = canonical_subtags(tag);
  subtags[0] = language_key(tag);
  if (subtags.size() > 1 && is_script(subtags[1])) return tag_of(subtags);
  if (const LanguageInfo* language = find_language(tag))
    subtags.insert(subtags.begin() + 1, language->script);
  return tag_of(subtags);
}

bool is_language(std::string_view tag, std::string_view language) {
  if (language_key(tag) != language_key(language)) return false;
  const std::string script = script_of(tag), wanted = script_of(language);
  return script.empty() || wanted.empty() || same_script(script, wanted);
}

std::string language_name(std::string_view tag) {
  const LanguageInfo* language = find_language(tag);
  return language && *language->name ? language->name : std::string(tag);
}

}  // namespace xlt
