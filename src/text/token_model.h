// SPDX-License-Identifier: Apache-2.0
// `model` of tokenizer.json: word → tokens. One file in token_models/ and one row in token_models.def each.
#pragma once

#include "text/tokenizer_file.h"
#include "text/vocabulary.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace xlt {

// Thread-safe after construction.
class TokenModel {
 public:
  // Buffers that `encode` uses again from word to word. One a thread.
  struct Scratch {
    std::vector<int32_t> symbols, next, previous, ranks, merged;
    std::vector<double> scores;
  };

  virtual ~TokenModel() = default;
  // Appends the tokens of `word`, which must be UTF-8.
  virtual void encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const = 0;
  std::optional<int64_t> id_of(std::string_view token) const;
  std::string_view token_of(int64_t id) const { return vocabulary_.token_of(id); }  // empty: no such id
  int64_t size() const { return vocabulary_.size(); }                               // largest id + 1

 protected:
  // Takes the tokens out of `file`. Throws kCheckpoint if there are none or an id is far out of range.
  explicit TokenModel(TokenizerFile& file);
  Vocabulary vocabulary_;
};

// By model.type; BPE where it is absent, as in old files. Throws kCheckpoint for types that are not in the
// table.
std::unique_ptr<TokenModel> make_token_model(TokenizerFile& file);
// Ids of "<0x00>" … "<0xFF>"; −1: not in the vocabulary.
std::vector<int32_t> find_byte_ids(const Vocabulary& vocabulary);
// Of the token that option `key` names; −1 where it names none. Throws kCheckpoint for one that is not in the
// vocabulary.
int32_t find_unknown_id(const JsonView& model, const char* key, const Vocabulary& vocabulary);

#define X(name, type) std::unique_ptr<TokenModel> make_##name##_model(TokenizerFile& file);
#include "text/token_models.def"
#undef X

}  // namespace xlt
