// Tokens that are found in the text before anything else is done with it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "text/normalizer.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool special = false, normalized = true, single_word = false, lstrip = false, rstrip = false;
};
AddedToken parse_added_token(const JsonView& json, int64_t id);

// A piece of text, or an added token that stood in it.
struct TextPiece {
  std::string text;
  std::optional<int64_t> id;
};

class AddedTokens {
 public:
  void add(AddedToken token, const Normalizer& normalizer);
  // Splits raw text at added tokens: those not `normalized` in the raw text, the others in the normalised
  // rest.
  std::vector<TextPiece> split(std::string_view text, const Normalizer& normalizer) const;
  const AddedToken* find(int64_t id) const;
  std::optional<int64_t> id_of(std::string_view content) const;
  int64_t largest_id() const;

 private:
  // Candidates by first byte, longest first: the leftmost, longest match wins.
  using Table = std::array<std::vector<std::pair<std::string, int64_t>>, 256>;
  std::vector<TextPiece> split_at(std::string_view text, const Table& table) const;

  Table raw_, normalized_;
  std::unordered_map<int64_t, AddedToken> by_id_;
  std::unordered_map<std::string, int64_t> by_content_;
};

}  // namespace xlt
