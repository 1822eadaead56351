// SPDX-License-Identifier: Apache-2.0
// Token ↔ id, for hundreds of thousands of tokens.
#pragma once

#include "text/string_list.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace xlt {

class Vocabulary {
 public:
  Vocabulary() = default;
  // ids[i] is the id of tokens[i], not negative; of a token that stands twice the last id counts. Throws
  // kCheckpoint for more than 4 GiB of tokens.
  Vocabulary(StringList tokens, const std::vector<int32_t>& ids);
  int32_t id_of(std::string_view token) const;  // −1: no such token
  // ids[i] ← id_of(tokens[i]); of many tokens in a third of the time, for they do not wait for memory in
  // turn.
  void ids_of(std::span<const std::string_view> tokens, int32_t* ids) const;
  std::string_view token_of(int64_t id) const;                                // empty: no such id
  int64_t size() const { return static_cast<int64_t>(place_of_id_.size()); }  // largest id + 1

 private:
  // Open addressing. What most look-ups need lies in the slot itself, for the sake of the cache: the upper
  // half of the hash, and where the token stands in tokens_.text().
  struct Slot {
    uint32_t tag = 0;
    int32_t id = -1;
    uint32_t begin = 0, length = 0;
  };
  size_t hash_and_fetch(std::string_view token) const;
  size_t find_slot(std::string_view token, size_t hash) const;

  StringList tokens_;
  std::vector<int32_t> place_of_id_;  // in tokens_; −1: no such id
  std::vector<Slot> slots_;           // a power of two, at most half full
};

}  // namespace xlt
