// SPDX-License-Identifier: Apache-2.0
#include "text/byte_level.h"

#include "text/utf8.h"

#include <array>

namespace xlt {

namespace {

bool is_printable(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

// Printable bytes stand for themselves (as Latin-1); the others, in order, for U+0100, U+0101 …
struct Tables {
  std::array<std::string, 256> character;
  std::array<int, 512> byte;
  Tables() {
    byte.fill(-1);
    char32_t next = 256;
    for (int b = 0; b < 256; ++b) {
      const char32_t c = is_printable(b) ? static_cast<char32_t>(b) : next++;
      append_utf8(character[b], c);
      byte[c] = b;
    }
  }
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

}  // namespace

std::string bytes_to_characters(std::string_view bytes) {
  std::string characters;
  characters.reserve(bytes.size() * 2);
  for (char byte : bytes) characters += tables().character[static_cast<unsigned char>(byte)];
  return characters;
}

bool append_bytes(std::string_view characters, std::string& bytes) {
  const size_t before = bytes.size();
  for (size_t i = 0; i < characters.size(); i += utf8_length(characters[i])) {
    const char32_t c = decode_utf8(characters, i);
    if (c >= tables().byte.size() || tables().byte[c] < 0) {
      bytes.resize(before);
      return false;
    }
    bytes += static_cast<char>(tables().byte[c]);
  }
  return true;
}

}  // namespace xlt
