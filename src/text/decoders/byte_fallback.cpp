// SPDX-License-Identifier: Apache-2.0
// Runs of byte tokens become the characters they spell, or one U+FFFD a byte if they spell none.
#include "text/decoder.h"

#include <charconv>

#include "xlt/base/file.h"

namespace xlt {

namespace {

// "<0xE2>" → 0xE2, or −1.
int byte_of(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return -1;
  int value = -1;
  const char *begin = token.data() + 3, *end = begin + 2;
  const auto result = std::from_chars(begin, end, value, 16);
  return result.ptr == end && value >= 0 ? value : -1;
}

std::vector<std::string> decode(const std::vector<std::string>& tokens) {
  std::vector<std::string> out;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (!find_invalid_utf8(bytes)) {
      out.push_back(bytes);
    } else {
      for (size_t i = 0; i < bytes.size(); ++i) out.emplace_back("\uFFFD");
    }
    bytes.clear();
  };
  for (const std::string& token : tokens) {
    if (const int byte = byte_of(token); byte >= 0) {
      bytes += static_cast<char>(byte);
    } else {
      flush();
      out.push_back(token);
    }
  }
  flush();
  return out;
}

}  // namespace

TokenDecoderStep make_byte_fallback_token_decoder(const JsonView&) {
  return [](const std::vector<std::string>& tokens, size_t) { return decode(tokens); };
}

}  // namespace xlt
