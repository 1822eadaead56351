// SPDX-License-Identifier: Apache-2.0
// Runs of word characters, and runs of what is neither that nor white space.
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_whitespace_pre_tokenizer(const JsonView& json) {
  return split_by(find_pattern(R"(\w+|[^\w\s]+)", json.place()), Behavior::kRemoved, true);
}

}  // namespace xlt
