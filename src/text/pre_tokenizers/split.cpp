// SPDX-License-Identifier: Apache-2.0
// {"pattern": {"String" | "Regex": …}, "behavior": …, "invert": …}
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_split_pre_tokenizer(const JsonView& json) {
  const JsonView pattern = json.at("pattern");
  const Finder find = pattern.has("String") ? find_text(pattern.at("String").as_string())
                                            : find_pattern(pattern.at("Regex").as_string(), pattern.place());
  return split_by(find, parse_behavior(json.at("behavior")), json.get("invert", false));
}

}  // namespace xlt
