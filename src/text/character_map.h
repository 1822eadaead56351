// SPDX-License-Identifier: Apache-2.0
// SentencePiece's precompiled character map: a double-array trie (Darts) of strings, each with what replaces
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

// What is wrong with the map, or an empty string. SentencePiece follows any index that stands in it.
std::string fault_of_character_map(std::string_view bytes);

class CharacterMap {
 public:
  // `bytes` without a fault.
  explicit CharacterMap(std::string_view bytes);
  // The replacement of the shortest entry that `text` begins with.
  std::optional<std::string_view> find(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;  // each ended by a NUL
};

}  // namespace xlt
