// SPDX-License-Identifier: Apache-2.0
// One language's list of words and phrases, found in texts: whole words, with case and accents folded.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xlt {

// A word begins and ends where ICU says so: at spaces and signs, and in scripts without spaces by its
// dictionary. There an entry counts where it begins and ends at such a place, whatever lies between, so that
// a character that means one thing by itself is not found within the words that it helps to write.
class WordMatcher {
 public:
  explicit WordMatcher(const std::string& language);
  void add(std::string_view entry);
  bool occurs_in(std::string_view text) const;

 private:
  bool holds_phrase(std::string_view folded) const;
  bool holds_entry_between_boundaries(std::string_view folded) const;

  std::string language_;
  bool has_word_spaces_;
  std::unordered_map<std::string, std::vector<std::vector<std::string>>> phrases_;  // by first word
  std::vector<std::string> entries_;  // of scripts without spaces
};

}  // namespace xlt
