// SPDX-License-Identifier: Apache-2.0
// Invented words: pronounceable, no two alike, written in any of a few scripts.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "xlt/base/rng.h"

namespace xlt {

// Words that are made of consonant and vowel, in Latin letters; each is given once.
class WordMaker {
 public:
  std::string make(Rng& rng);

 private:
  std::unordered_set<std::string> taken_;
};

// `word` of WordMaker's letters in the letters of `script`, one for one. Throws kConfig for an unknown
// script.
std::string in_script(std::string_view word, std::string_view script);

}  // namespace xlt
