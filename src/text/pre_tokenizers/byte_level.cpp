// SPDX-License-Identifier: Apache-2.0
// GPT-2's words, written in its alphabet of bytes.
#include "text/byte_level.h"

#include "text/word_split.h"

namespace xlt {

namespace {
// Contractions, letters, digits, other signs, white space.
constexpr const char* kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
}  // namespace

PreTokenizerStep make_byte_level_pre_tokenizer(const JsonView& json) {
  const bool add_prefix_space = json.get("add_prefix_space", true);
  const auto words_of = json.get("use_regex", true)
                            ? split_by(find_pattern(kGpt2Words, json.place()), Behavior::kIsolated, false)
                            : PreTokenizerStep();
  return [=](std::vector<Word> words) {
    if (add_prefix_space)
      for (Word& word : words)
        if (!word.text.starts_with(' ')) word.text.insert(0, 1, ' ');
    if (words_of) words = words_of(std::move(words));
    for (Word& word : words) word.text = bytes_to_characters(word.text);
    return words;
  };
}

}  // namespace xlt
