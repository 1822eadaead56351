// SPDX-License-Identifier: Apache-2.0
// Language consistency of a completion by lines and words (Marchisio et al. 2024; protocol 2.6).
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "xlt/text/language_id.h"

namespace xlt {

struct LineCounts {
  int64_t kept = 0, wrong = 0;  // lines of at least five words; those of another language
};
// Cut at "\nQ:", stripped, ASCII punctuation removed, em dash → space, Arabic comma removed.
std::string normalized_completion(const std::string& text);
// Differs from the published code: zh and ja words by ICU's dictionary, not jieba and UniDic.
std::vector<std::string> line_words(const std::string& line, const std::string& language);
LineCounts count_lines(const std::string& completion, const std::string& language,
                       const LanguageIdentifier& identifier);
// Whether a line-clean completion holds a word of an English list (languages of other scripts only).
bool holds_listed_word(const std::string& completion, const std::string& language,
                       const std::unordered_set<std::string>& words);
bool has_word_pass_rate(const std::string& language);

}  // namespace xlt
