// SPDX-License-Identifier: Apache-2.0
// `pre_tokenizer` of tokenizer.json: splits normalised text into words. One file in pre_tokenizers/ and one
// row in pre_tokenizers.def each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

struct Word {
  std::string text;
  bool is_at_start;  // at the very beginning of the encoded text
};
// What one step adds is bounded by a small factor.
using PreTokenizerStep = std::function<std::vector<Word>(std::vector<Word>)>;

class PreTokenizer {
 public:
  PreTokenizer() = default;  // one word
  explicit PreTokenizer(PreTokenizerStep step) : step_(std::move(step)) {}
  std::vector<Word> operator()(std::vector<Word> words) const {
    return step_ ? step_(std::move(words)) : words;
  }

 private:
  PreTokenizerStep step_;
};

// null: one word. Throws kCheckpoint for types that are not in the table.
PreTokenizer make_pre_tokenizer(const JsonView& owner, const char* key);
PreTokenizerStep make_pre_tokenizer_step(const JsonView& json);

#define X(name, type) PreTokenizerStep make_##name##_pre_tokenizer(const JsonView& json);
#include "text/pre_tokenizers.def"
#undef X

}  // namespace xlt
