// SPDX-License-Identifier: Apache-2.0
// BERT's basic tokenizer before it splits: controls dropped, white space made spaces, spaces around Han,
// accents and case folded on request.
#include "text/normalizer.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace xlt {

namespace {

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

bool bert_drops(char32_t c) {
  if (c == 0 || c == 0xFFFD) return true;
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) != 0 &&
         is_in_unicode(c, kUnicodeOfCategories);
}

// Differs from BERT's own range in one place as tokenizers does: 2B920 for 2B820.
bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

template <typename Put>
std::string map_characters(const std::string& text, const Put& put) {
  std::string out;
  for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) put(decode_utf8(text, i), out);
  return out;
}

void put_clean(char32_t c, std::string& out) {
  if (!bert_drops(c)) append_utf8(out, is_white_space(c) ? U' ' : c);
}
void put_apart(char32_t c, std::string& out) {
  if (is_han(c)) out += ' ';
  append_utf8(out, c);
  if (is_han(c)) out += ' ';
}
bool is_accent(char32_t c) {
  if (c == 0x1734) return true;                                                 // was one then
  if (c == 0x1885 || c == 0x1886 || c == 0xA9BD || c == 0x111C9) return false;  // were none
  return u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK && is_in_unicode(c, kUnicodeOfCategories);
}
void put_unless_accent(char32_t c, std::string& out) {
  if (!is_accent(c)) append_utf8(out, c);
}

}  // namespace

NormalizerStep make_bert_normalizer(const JsonView& json) {
  const bool lowercase = json.get("lowercase", true);
  return [lowercase, clean = json.get("clean_text", true), apart = json.get("handle_chinese_chars", true),
          accents = json.get("strip_accents", lowercase),
          decompose = make_nfd_normalizer(json)](std::string text, size_t limit) {
    if (clean) text = map_characters(text, put_clean);
    if (apart) text = map_characters(text, put_apart);
    if (accents) text = map_characters(decompose(std::move(text), limit), put_unless_accent);
    return lowercase ? lower_case_each(text) : text;
  };
}

}  // namespace xlt
