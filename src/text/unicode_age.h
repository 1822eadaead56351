// SPDX-License-Identifier: Apache-2.0
// tokenizers 0.23 carries tables of older Unicodes: what came later has no category, mark or decomposition
// there. Found by asking it about every code point; tests/parity/tokenizer_parity.py asks again.
#pragma once

#include <unicode/uchar.h>

namespace xlt {

inline constexpr int kUnicodeOfCategories = 8;     // BERT's controls, accents and punctuation
inline constexpr int kUnicodeOfNormalization = 9;  // NFC …, StripAccents

// Whether the character was there in Unicode `major`.0.
inline bool is_in_unicode(char32_t c, int major) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > 0 && (age[0] < major || (age[0] == major && age[1] == 0));
}

}  // namespace xlt
