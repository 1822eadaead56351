// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

namespace xlt {

char32_t decode_utf8(std::string_view text, size_t at) {
  const size_t length = utf8_length(text[at]);
  char32_t code_point = static_cast<unsigned char>(text[at]);
  if (length > 1) code_point &= 0x7Fu >> length;
  for (size_t i = 1; i < length && at + i < text.size(); ++i)
    code_point = code_point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  return code_point;
}

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | c >> 6);
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | c >> 12);
    text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | c >> 18);
    text += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string repaired_utf8(std::string_view bytes) {
  std::string text;
  icu::UnicodeString::fromUTF8(icu::StringPiece(bytes.data(), static_cast<int32_t>(bytes.size())))
      .toUTF8String(text);
  return text;
}

std::string lower_case_each(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) {
    icu::UnicodeString character(static_cast<UChar32>(decode_utf8(text, i)));
    character.toLower(icu::Locale::getRoot()).toUTF8String(out);
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  size_t begin = 0;
  for (size_t at; !from.empty() && (at = text.find(from, begin)) != std::string_view::npos;
       begin = at + from.size())
    result.append(text, begin, at - begin).append(to);
  return result.append(text, begin);
}

}  // namespace xlt
