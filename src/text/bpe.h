// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding of one word (Sennrich et al. 2016), with byte fallback.
#pragma once

#include "text/tokenizer_file.h"
#include "text/vocabulary.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

class Bpe {
 public:
  // Buffers that `encode` uses again from word to word. One a thread.
  struct Scratch {
    std::vector<int32_t> symbols, next, previous, ranks, merged;
  };

  // Takes tokens and merges out of `file`. Throws kCheckpoint for unknown model types, ids out of range and
  // merges of unknown tokens.
  explicit Bpe(TokenizerFile& file);
  // Appends the tokens of `word`, which must be UTF-8.
  void encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const;
  std::optional<int64_t> id_of(std::string_view token) const;
  std::string_view token_of(int64_t id) const { return vocabulary_.token_of(id); }  // empty: no such id
  int64_t size() const { return vocabulary_.size(); }

 private:
  struct Merge {
    uint64_t pair = kNoPair;  // ids of left and right
    int32_t rank = 0, id = 0;
  };
  static constexpr uint64_t kNoPair = ~uint64_t{0};
  static constexpr int32_t kNoRank = INT32_MAX;

  void read_options(const JsonView& model);
  void add_merges(const TokenizerFile& file);
  const Merge* find_merge(int32_t left, int32_t right) const;
  int32_t id_of_character(std::string_view character) const;
  void split_into_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  void merge_short(Scratch& scratch) const;
  void merge_long(Scratch& scratch) const;

  Vocabulary vocabulary_;
  std::vector<Merge> merges_;               // open addressing, a power of two, at most half full
  std::vector<int32_t> byte_ids_;           // of "<0x00>" … "<0xFF>"; empty without byte fallback
  std::array<int32_t, 0x800> short_ids_{};  // of the characters of one and two bytes, by code point
  int32_t unknown_id_ = -1;
  bool ignore_merges_ = false, fuse_unknown_ = false;
};

}  // namespace xlt
