// SPDX-License-Identifier: Apache-2.0
// Tokens that are found in the text before anything else is done with it.
#pragma once

#include "text/normalizer.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json.h"

namespace xlt {

struct AddedToken {
  int64_t id = -1;  // −1: not known yet
  std::string content;
  std::string found_as;      // what it is in the text it is looked for in: normalised, if `normalized`
  bool special = false;      // left out by `decode`
  bool normalized = true;    // looked for in the normalised text
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false, rstrip = false;  // takes the white space on that side with it
};
AddedToken parse_added_token(const JsonView& json, int64_t id);

// A piece of text, or an added token that stood in it.
struct TextPiece {
  std::string text;
  std::optional<int64_t> id;
};

class AddedTokens {
 public:
  // Replaces an earlier token with that content. Tokens without content are left out.
  void add(AddedToken token);
  // Call once, after the last `add`.
  void prepare(const Normalizer& normalizer, const Context& context = {});
  // Splits raw text at added tokens: those not `normalized` in the raw text, the others in the normalised
  // rest.
  std::vector<TextPiece> split(std::string_view text, const Normalizer& normalizer) const;
  const AddedToken* find(int64_t id) const;
  const AddedToken* find(std::string_view content) const;
  // Whether `decode` leaves out what `token` stands for. As in tokenizers 0.23, that is asked of the
  // normalised content, so a special token that its normaliser changes is kept.
  bool is_left_out(const AddedToken& token) const;
  int64_t largest_id() const { return largest_id_; }

 private:
  // The leftmost, longest match wins. `lengths`: those of the tokens that begin with a byte, longest first.
  struct Table {
    std::array<std::vector<size_t>, 256> lengths;
    std::unordered_map<std::string, int64_t> ids;
    void add(const std::string& content, int64_t id);
    const std::pair<const std::string, int64_t>* match(std::string_view text) const;
  };
  std::vector<TextPiece> split_at(std::string_view text, const Table& table) const;

  Table raw_, normalized_;
  std::unordered_map<int64_t, AddedToken> by_id_;
  std::unordered_map<std::string, int64_t> by_content_;
  int64_t largest_id_ = -1;
};

}  // namespace xlt
