// SPDX-License-Identifier: Apache-2.0
// What SentencePiece's "nmt" rules do to controls and to spaces that show no width.
#include "text/normalizer.h"
#include "text/utf8.h"

namespace xlt {

namespace {

bool nmt_drops(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F ||
         c == 0x9F;
}
bool nmt_widens(char32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

}  // namespace

NormalizerStep make_nmt_normalizer(const JsonView&) {
  return [](const std::string& text, size_t) {
    std::string out;
    for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) {
      const char32_t c = decode_utf8(text, i);
      if (!nmt_drops(c)) append_utf8(out, nmt_widens(c) ? U' ' : c);
    }
    return out;
  };
}

}  // namespace xlt
