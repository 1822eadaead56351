// SPDX-License-Identifier: Apache-2.0
#include "text/growth.h"
#include "text/pre_tokenizer.h"

#include <numeric>

namespace xlt {

namespace {

size_t bytes_of(const std::vector<Word>& words) {
  return std::accumulate(words.begin(), words.end(), size_t{0},
                         [](size_t sum, const Word& word) { return sum + word.text.size(); });
}

}  // namespace

PreTokenizerStep make_sequence_pre_tokenizer(const JsonView& json) {
  const JsonView list = json.at("pretokenizers");
  check_number_of_parts(list.size(), list.place());
  std::vector<PreTokenizerStep> steps;
  for (size_t i = 0; i < list.size(); ++i) steps.push_back(make_pre_tokenizer_step(list.at(i)));
  return [steps](std::vector<Word> words) {
    const size_t limit = growth_limit(bytes_of(words));
    for (const PreTokenizerStep& step : steps) {
      words = step(std::move(words));
      check_growth(bytes_of(words), limit);
    }
    return words;
  };
}

}  // namespace xlt
