// SPDX-License-Identifier: Apache-2.0
// UTF-8 validity (Unicode 15, table 3-7).
#include "xlt/base/utf8.h"

#include <cstring>

#include "xlt/base/file.h"

namespace xlt {

namespace {

// Length of the well-formed sequence at `text[0]`, or 0.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto trails = [&](size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return trails(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80,
                   high = lead == 0xED ? 0x9F : 0xBF;  // no overlong, no surrogates
    return byte(1) >= low && byte(1) <= high && trails(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && trails(2) && trails(3) ? 4 : 0;
  }
  return 0;
}

// Eight bytes at once, for the common case.
bool is_ascii_word(std::string_view text) {
  uint64_t word = 0x80;
  if (text.size() >= sizeof word) std::memcpy(&word, text.data(), sizeof word);
  return (word & 0x8080808080808080) == 0;
}

}  // namespace

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (is_ascii_word(text.substr(i))) {
      i += sizeof(uint64_t);
      continue;
    }
    const size_t length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

namespace {
void append_escaped(std::string& text, unsigned char byte) {
  constexpr char kHex[] = "0123456789ABCDEF";
  text.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
}
}  // namespace

std::string escape_invalid_utf8(std::string_view text) {
  std::string escaped;
  for (auto invalid = find_invalid_utf8(text); invalid; invalid = find_invalid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(text[*invalid]);
    append_escaped(escaped.append(text.substr(0, *invalid)), byte);
    text.remove_prefix(*invalid + 1);
  }
  return escaped.append(text);
}

std::string escape_controls(std::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
      append_escaped(escaped, byte);
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // U+0080 … U+009F
      append_escaped(escaped, static_cast<unsigned char>(next));
      ++i;
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

}  // namespace xlt
