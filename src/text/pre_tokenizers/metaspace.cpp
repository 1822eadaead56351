// SPDX-License-Identifier: Apache-2.0
// SentencePiece's mark for a space.
#include "text/part_table.h"
#include "text/utf8.h"
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_metaspace_pre_tokenizer(const JsonView& json) {
  const std::string mark = one_character(json, "replacement", "\u2581");
  std::string scheme = json.get("prepend_scheme", "always");
  if (json.has("add_prefix_space") && !json.has("prepend_scheme"))
    scheme = json.get("add_prefix_space", true) ? "always" : "never";
  const auto parts = json.get("split", true) ? split_by(find_text(mark), Behavior::kMergedWithNext, false)
                                             : PreTokenizerStep();
  return [=](std::vector<Word> words) {
    for (Word& word : words) {
      word.text = replace_all(word.text, " ", mark);
      const bool prepend = scheme == "always" || (scheme == "first" && word.is_at_start);
      if (prepend && !word.text.starts_with(mark)) word.text.insert(0, mark);
    }
    return parts ? parts(std::move(words)) : words;
  };
}

}  // namespace xlt
