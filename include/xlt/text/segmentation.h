// SPDX-License-Identifier: Apache-2.0
// Words and folding by Unicode rules (ICU): UAX #29 word boundaries, dictionary-based where a script has no
// spaces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

// The word-like pieces of `text` (letters, digits, ideographs, kana …; no spaces, no punctuation), in order.
std::vector<std::string> split_words(std::string_view text, std::string_view language);
// Byte offsets in `text` at which a word, a run of signs or of white space begins or ends, in order; 0 and
// text.size() among them.
std::vector<size_t> word_boundaries(std::string_view text, std::string_view language);
// Case-folded, decomposed and stripped of combining accents (NFKD → drop Mn → fold → NFC), so "ÉTÉ" and "ete"
// match. Vowel signs of Indic and Thai script (Mn too) are kept: there they are letters, not accents.
std::string fold_case_and_accents(std::string_view text);
std::string strip(std::string_view text);  // Unicode white space off both ends
// Unicode white-space split, as Python's str.split().
std::vector<std::string> split_white_space(std::string_view text);
int64_t count_code_points(std::string_view text);
// True when the text holds nothing but white space.
bool is_blank(std::string_view text);

}  // namespace xlt
