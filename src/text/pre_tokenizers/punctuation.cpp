// SPDX-License-Identifier: Apache-2.0
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_punctuation_pre_tokenizer(const JsonView& json) {
  const Behavior behavior = json.has("behavior") ? parse_behavior(json.at("behavior")) : Behavior::kIsolated;
  return split_by(find_characters(is_punctuation), behavior, false);
}

}  // namespace xlt
