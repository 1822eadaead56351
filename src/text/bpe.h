// Byte-pair encoding of one word (Sennrich et al. 2016), with byte fallback. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include "text/tokenizer_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xlt {

class Bpe {
 public:
  // From `model` of a tokenizer.json. Throws kCheckpoint for unknown model types and merges of unknown
  // tokens.
  explicit Bpe(TokenizerFile& file);
  void encode(std::string_view word, std::vector<int64_t>& ids) const;
  std::optional<int64_t> id_of(std::string_view token) const;
  std::string_view token_of(int64_t id) const;  // empty for an id without a token
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

 private:
  struct Merge {
    uint64_t pair = kEmpty;
    int32_t rank = 0, id = 0;
  };
  static constexpr uint64_t kEmpty = ~uint64_t{0};

  void add_merges(const TokenizerFile& file);
  const Merge* find_merge(int32_t left, int32_t right) const;
  void split_into_symbols(std::string_view word, std::vector<int32_t>& symbols) const;

  std::vector<std::string> tokens_;  // by id
  std::unordered_map<std::string_view, int32_t> ids_;
  std::vector<Merge> merges_;  // open addressing, power of two
  std::vector<int32_t> byte_ids_;
  int32_t unknown_id_ = -1;
  bool ignore_merges_ = false, fuse_unknown_ = false;
};

}  // namespace xlt
