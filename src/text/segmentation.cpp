// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/segmentation.h"

#include "text/icu_text.h"
#include "text/utf8.h"

#include <map>
#include <memory>

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

void check(UErrorCode status, const char* what) {
  if (U_FAILURE(status)) throw Error(ErrorKind::kInternal, str_cat(what, ": ", u_errorName(status)));
}

// Accents that only decorate a letter: combining marks of no script of their own. Vowel signs of Indic, Thai
// … belong to one. The voicing marks of kana (か, が) tell letters apart.
bool is_accent(UChar32 c) {
  if (u_charType(c) != U_NON_SPACING_MARK || c == 0x3099 || c == 0x309A) return false;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &status);
  return script == USCRIPT_INHERITED || script == USCRIPT_COMMON || script == USCRIPT_ARABIC ||
         script == USCRIPT_HEBREW;
}

// Python counts the four separators of ASCII too.
bool is_python_space(char32_t c) {
  return u_isUWhiteSpace(static_cast<UChar32>(c)) || (c >= 0x1C && c <= 0x1F);
}

// Making an iterator loads rule tables and costs about 0.1 ms, more than most texts take: one a thread and
// language is kept.
icu::BreakIterator* word_breaks(std::string_view language) {
  thread_local std::map<std::string, std::unique_ptr<icu::BreakIterator>, std::less<>> kept;
  if (const auto found = kept.find(language); found != kept.end()) return found->second.get();
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::BreakIterator> made(
      icu::BreakIterator::createWordInstance(icu::Locale(std::string(language).c_str()), status));
  check(status, "word boundaries");
  return kept.emplace(language, std::move(made)).first->second.get();
}

}  // namespace

std::vector<std::string> split_words(std::string_view text, std::string_view language) {
  icu::BreakIterator* breaks = word_breaks(language);
  const icu::UnicodeString unicode = from_utf8(text);
  breaks->setText(unicode);
  std::vector<std::string> words;
  int32_t begin = breaks->first();
  for (int32_t end = breaks->next(); end != icu::BreakIterator::DONE; begin = end, end = breaks->next())
    if (breaks->getRuleStatus() >= UBRK_WORD_NUMBER)
      words.push_back(to_utf8(unicode.tempSubStringBetween(begin, end)));
  return words;
}

std::vector<size_t> word_boundaries(std::string_view text, std::string_view language) {
  icu::BreakIterator* breaks = word_breaks(language);
  const icu::UnicodeString unicode = from_utf8(text);
  breaks->setText(unicode);
  std::vector<size_t> boundaries = {0};
  size_t at = 0;
  int32_t begin = breaks->first();
  for (int32_t end = breaks->next(); end != icu::BreakIterator::DONE; begin = end, end = breaks->next()) {
    for (int32_t i = begin; i < end; i = unicode.moveIndex32(i, 1)) at += utf8_length(text[at]);
    boundaries.push_back(at);
  }
  return boundaries;
}

std::string fold_case_and_accents(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString decomposed =
      icu::Normalizer2::getNFKDInstance(status)->normalize(from_utf8(text), status);
  check(status, "NFKD");
  icu::UnicodeString kept;
  for (int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1))
    if (const UChar32 c = decomposed.char32At(i); !is_accent(c)) kept.append(c);
  kept.foldCase();
  const icu::UnicodeString composed = icu::Normalizer2::getNFCInstance(status)->normalize(kept, status);
  check(status, "NFC");
  return to_utf8(composed);
}

std::vector<std::string> split_white_space(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) {
    if (is_python_space(decode_utf8(text, i))) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word.append(text, i, utf8_length(text[i]));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::string strip(std::string_view text) {
  size_t begin = text.size(), end = 0;
  for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) {
    if (u_isUWhiteSpace(static_cast<UChar32>(decode_utf8(text, i)))) continue;
    begin = std::min(begin, i);
    end = i + utf8_length(text[i]);
  }
  return begin < end ? std::string(text.substr(begin, end - begin)) : std::string();
}

int64_t count_code_points(std::string_view text) {
  int64_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

bool is_blank(std::string_view text) { return strip(text).empty(); }

}  // namespace xlt
