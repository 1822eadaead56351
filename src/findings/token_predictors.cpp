// SPDX-License-Identifier: Apache-2.0
#include "findings/token_predictors.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace xlt {

namespace {

std::vector<std::string> whitespace_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// |E ∩ L| of two multisets; both are sorted on the way.
int64_t num_shared(std::vector<int64_t> a, std::vector<int64_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<int64_t> shared;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
  return static_cast<int64_t>(shared.size());
}

Json ratio(int64_t numerator, int64_t denominator) {
  return denominator == 0 ? Json() : Json(static_cast<double>(numerator) / static_cast<double>(denominator));
}

// Whether a word is one token. Tokenizers that begin words with a space know it as " word", others as "word".
class WordTokens {
 public:
  explicit WordTokens(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  bool is_one(const std::string& word) {
    const auto [found, is_new] = known_.try_emplace(word, false);
    if (is_new) found->second = count(word) == 1 || count(" " + word) == 1;
    return found->second;
  }

 private:
  size_t count(const std::string& text) const { return tokenizer_.encode(text, SpecialTokens::kNone).size(); }
  const Tokenizer& tokenizer_;
  std::map<std::string, bool> known_;
};

}  // namespace

Json token_predictors(const Tokenizer& tokenizer,
                      const std::vector<std::pair<std::string, std::string>>& pairs, bool with_bos) {
  int64_t tokens = 0, words = 0, single = 0, bytes = 0, shared = 0, both = 0;
  const SpecialTokens special = with_bos ? SpecialTokens::kAdd : SpecialTokens::kNone;
  WordTokens known(tokenizer);
  for (const auto& [source, text] : pairs) {
    const auto ours = tokenizer.encode(source, special), theirs = tokenizer.encode(text, special);
    shared += num_shared(ours, theirs);
    both += static_cast<int64_t>(ours.size() + theirs.size());
    tokens += static_cast<int64_t>(tokenizer.encode(text, SpecialTokens::kNone).size());
    bytes += static_cast<int64_t>(text.size());
    for (const std::string& word : whitespace_words(text)) {
      ++words;
      single += known.is_one(word);
    }
  }
  return Json{{"fertility", ratio(tokens, words)},
              {"bytes_per_token", ratio(bytes, tokens)},
              {"single_token_words", ratio(single, words)},
              {"subword_overlap", ratio(shared, both)}};
}

}  // namespace xlt
