// SPDX-License-Identifier: Apache-2.0
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_digits_pre_tokenizer(const JsonView& json) {
  return split_by(find_pattern("\\p{N}", json.place()),
                  json.get("individual_digits", false) ? Behavior::kIsolated : Behavior::kContiguous, false);
}

}  // namespace xlt
