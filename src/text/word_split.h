// SPDX-License-Identifier: Apache-2.0
// What pre-tokenizers that cut words share: where to cut, and whose side the cut-out belongs to.
#pragma once

#include "text/pre_tokenizer.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace xlt {

using Ranges = std::vector<std::pair<size_t, size_t>>;  // begin, end; from left to right
using Finder = std::function<Ranges(const std::string&)>;
Finder find_pattern(const std::string& pattern, const std::string& where);
Finder find_text(const std::string& wanted);
Finder find_characters(bool (*is_wanted)(char32_t));
// Unicode's P and the signs of ASCII ($, +, ^ …), as BERT counts them.
bool is_punctuation(char32_t character);
bool is_white_space(char32_t character);

// What becomes of the matches.
enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
Behavior parse_behavior(const JsonView& json);
// Cuts each word at the matches; `invert`: the matches are what is kept, what lies between is cut at.
PreTokenizerStep split_by(Finder find, Behavior behavior, bool invert);

}  // namespace xlt
