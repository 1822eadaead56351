// SPDX-License-Identifier: Apache-2.0
// Combining marks of every kind dropped.
#include "text/normalizer.h"
#include "text/utf8.h"

#include <unicode/uchar.h>

namespace xlt {

NormalizerStep make_strip_accents_normalizer(const JsonView&) {
  return [](const std::string& text, size_t) {
    std::string out;
    for (size_t i = 0; i < text.size(); i += utf8_length(text[i]))
      if (const char32_t c = decode_utf8(text, i);
          (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_M_MASK) == 0)
        append_utf8(out, c);
    return out;
  };
}

}  // namespace xlt
