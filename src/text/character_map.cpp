// SPDX-License-Identifier: Apache-2.0
#include "text/character_map.h"

#include <cstring>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

// A unit is a value (bit 31), or a label (bits 0–7), whether a value hangs on it (bit 8) and the offset to
// its children (bits 10–30, in steps of 256 where bit 9 is set); a child lies at place ^ offset ^ label.
constexpr uint32_t kIsValue = 0x80000000u, kChildren = 256;
uint32_t label_of(uint32_t unit) { return unit & (kIsValue | 0xFFu); }
bool has_value(uint32_t unit) { return (unit >> 8 & 1) != 0; }
size_t offset_of(uint32_t unit) { return size_t{unit >> 10} << ((unit & 0x200u) >> 6); }
size_t value_of(uint32_t unit) { return unit & ~kIsValue; }

// The file: u32 bytes of the trie, the trie, the replacements.
struct Parts {
  std::vector<uint32_t> units;
  std::string_view replacements;
};
std::optional<Parts> split(std::string_view bytes) {
  uint32_t size = 0;
  if (bytes.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, bytes.data(), sizeof size);
  if (size == 0 || size % sizeof(uint32_t) != 0 || size > bytes.size() - sizeof size) return std::nullopt;
  Parts parts;
  parts.units.resize(size / sizeof(uint32_t));
  std::memcpy(parts.units.data(), bytes.data() + sizeof size, size);
  parts.replacements = bytes.substr(sizeof size + size);
  return parts;
}

}  // namespace

std::string fault_of_character_map(std::string_view bytes) {
  const auto parts = split(bytes);
  if (!parts) return str_cat("a damaged character map of ", bytes.size(), " bytes");
  const std::string_view replacements = parts->replacements;
  if (replacements.empty() || replacements.back() != '\0' || find_invalid_utf8(replacements))
    return "a character map whose replacements are not strings of UTF-8";
  for (size_t i = 0; i < parts->units.size(); ++i) {
    const uint32_t unit = parts->units[i];
    if ((unit & kIsValue) == 0) {
      if (((i ^ offset_of(unit)) | (kChildren - 1)) >= parts->units.size())
        return str_cat("a character map whose unit ", i, " points out of it");
      continue;
    }
    const size_t begin = value_of(unit);
    if (begin >= replacements.size() || (static_cast<unsigned char>(replacements[begin]) & 0xC0) == 0x80)
      return str_cat("a character map whose unit ", i, " names no replacement");
  }
  return "";
}

CharacterMap::CharacterMap(std::string_view bytes) {
  auto parts = split(bytes);
  XLT_CHECK(parts.has_value(), "a character map with a fault");
  units_ = std::move(parts->units);
  replacements_ = parts->replacements;
}

std::optional<std::string_view> CharacterMap::find(std::string_view text) const {
  size_t at = offset_of(units_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    at ^= byte;
    if (byte == 0 || label_of(units_[at]) != byte) return std::nullopt;
    const uint32_t unit = units_[at];
    at ^= offset_of(unit);
    if (!has_value(unit)) continue;
    // Where the units lie about having a value, a label may stand here.
    const size_t begin = value_of(units_[at]);
    if (begin >= replacements_.size()) return std::nullopt;
    const std::string_view rest = std::string_view(replacements_).substr(begin);
    return rest.substr(0, rest.find('\0'));
  }
  return std::nullopt;
}

}  // namespace xlt
