// SPDX-License-Identifier: Apache-2.0
// Between UTF-8 and ICU's strings. Inside `text` only.
#pragma once

#include <string>
#include <string_view>

#include <unicode/unistr.h>

namespace xlt {

// `text` has fewer than 2^31 bytes; what is no UTF-8 becomes U+FFFD.
inline icu::UnicodeString from_utf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

inline std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

}  // namespace xlt
