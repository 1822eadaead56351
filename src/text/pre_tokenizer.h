// SPDX-License-Identifier: Apache-2.0
// `pre_tokenizer` of tokenizer.json: splits normalised text into words.
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
using PreTokenizer = std::function<std::vector<Word>(std::vector<Word>)>;
// Sequence, Split, ByteLevel, Metaspace, Digits; null: one word. Throws kCheckpoint for others.
PreTokenizer make_pre_tokenizer(const JsonView& owner, const char* key);

}  // namespace xlt
