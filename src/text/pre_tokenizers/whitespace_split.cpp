// SPDX-License-Identifier: Apache-2.0
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_whitespace_split_pre_tokenizer(const JsonView&) {
  return split_by(find_characters(is_white_space), Behavior::kRemoved, false);
}

}  // namespace xlt
