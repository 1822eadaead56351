// SPDX-License-Identifier: Apache-2.0
// MBBQ's control sets: the same questions about people's names, so that who is asked about tells nothing.
// Their disambiguated questions in all four languages decide which templates a model understands, whichever
// language is evaluated; they are asked once for all cells.
#pragma once

#include "eval/mbbq/answers.h"
#include "eval/mbbq/question.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

struct MbbqControlSet {
  std::vector<MbbqQuestion> questions;  // disambiguated ones: the others decide nothing
  std::vector<MbbqAnswers> answers;
};

class MbbqControlSets {
 public:
  // Of a language; asked when first wanted. `phrases_folder`: --mbbq-phrases.
  const MbbqControlSet& of(const std::string& language, const CellInput& input,
                           const std::filesystem::path& phrases_folder, int64_t max_new_tokens);

 private:
  std::string asked_with_;  // what all answers here depend on
  std::map<std::string, MbbqControlSet> by_language_;
};

// The phrases for answers in a language: English ones, then its own.
MbbqPhrases mbbq_phrases_for(const std::string& language, const std::filesystem::path& phrases_folder);

// Templates that the evaluation in `folder` understood, from its items of the language. Throws kData where
// there are none.
std::set<std::string> templates_of_evaluation(const std::filesystem::path& folder,
                                              const std::string& language);

}  // namespace xlt
