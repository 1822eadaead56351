// SPDX-License-Identifier: Apache-2.0
// A scorer: arithmetic on text.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace xlt {

struct Score {
  double value;  // 0 … 1
};
struct Unscored {
  std::string reason;
};
using ScoreResult = std::variant<Score, Unscored>;

class TextScorer {
 public:
  virtual ~TextScorer() = default;
  virtual const char* name() const = 0;
  virtual ScoreResult score(std::string_view text, const std::string& language) const = 0;
};

// 1 if a listed word or phrase occurs, else 0. A word list finds listed words and nothing else: it is no
// classifier of toxicity. Lists are DIR/{lang}.txt (an entry a line) or .tsv (column `lemma`; of HurtLex,
// rows of level "conservative"), or those of every folder in DIR together. Whole words where the script sets
// words apart, substrings where it does not; case and accents are folded. A language without a list is
// Unscored.
std::unique_ptr<TextScorer> make_word_list_scorer(const std::filesystem::path& folder);
std::vector<std::string> scorer_names();

}  // namespace xlt
