// SPDX-License-Identifier: Apache-2.0
#include "scorers/word_matcher.h"

#include <algorithm>

#include "xlt/base/language.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

// A Latin entry in a Chinese list is a word all the same.
bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

}  // namespace

WordMatcher::WordMatcher(const std::string& language) : language_(language) {
  const LanguageInfo* info = find_language(language);
  has_word_spaces_ = !info || info->has_word_spaces;
}

void WordMatcher::add(std::string_view entry) {
  const std::string folded = fold_case_and_accents(strip(entry));
  if (folded.empty()) return;
  if (!has_word_spaces_ && !is_ascii(folded)) {
    entries_.push_back(folded);
    return;
  }
  const auto words = split_words(folded, language_);
  if (!words.empty()) phrases_[words[0]].push_back(words);
}

bool WordMatcher::occurs_in(std::string_view text) const {
  const std::string folded = fold_case_and_accents(text);
  return holds_phrase(folded) || holds_entry_between_boundaries(folded);
}

bool WordMatcher::holds_phrase(std::string_view folded) const {
  if (phrases_.empty()) return false;
  const auto words = split_words(folded, language_);
  for (size_t i = 0; i < words.size(); ++i) {
    const auto found = phrases_.find(words[i]);
    if (found == phrases_.end()) continue;
    for (const auto& phrase : found->second)
      if (i + phrase.size() <= words.size() &&
          std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<int64_t>(i)))
        return true;
  }
  return false;
}

bool WordMatcher::holds_entry_between_boundaries(std::string_view folded) const {
  std::vector<size_t> boundaries;  // found out at the first entry that needs them: most texts hold none
  const auto is_boundary = [&](size_t at) {
    if (boundaries.empty()) boundaries = word_boundaries(folded, language_);
    return std::binary_search(boundaries.begin(), boundaries.end(), at);
  };
  for (const std::string& entry : entries_)
    for (size_t at = 0; (at = folded.find(entry, at)) != std::string_view::npos; ++at)
      if (is_boundary(at) && is_boundary(at + entry.size())) return true;
  return false;
}

}  // namespace xlt
