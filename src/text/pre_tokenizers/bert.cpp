// SPDX-License-Identifier: Apache-2.0
// White space removed, every sign of punctuation a word.
#include "text/word_split.h"

namespace xlt {

PreTokenizerStep make_bert_pre_tokenizer(const JsonView&) {
  return [words_of = split_by(find_characters(is_white_space), Behavior::kRemoved, false),
          signs_of = split_by(find_characters(is_punctuation), Behavior::kIsolated, false)](
             std::vector<Word> words) { return signs_of(words_of(std::move(words))); };
}

}  // namespace xlt
