// SPDX-License-Identifier: Apache-2.0
// Combining marks of every kind dropped.
#include "text/normalizer.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace xlt {

namespace {

bool is_mark(char32_t c) {
  if (c == 0x1CF2 || c == 0x1CF3) return true;  // were marks then
  if (c == 0x111C9) return false;               // was none
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_M_MASK) != 0 &&
         is_in_unicode(c, kUnicodeOfNormalization);
}

}  // namespace

NormalizerStep make_strip_accents_normalizer(const JsonView&) {
  return [](const std::string& text, size_t) {
    std::string out;
    for (size_t i = 0; i < text.size(); i += utf8_length(text[i]))
      if (const char32_t c = decode_utf8(text, i); !is_mark(c)) append_utf8(out, c);
    return out;
  };
}

}  // namespace xlt
