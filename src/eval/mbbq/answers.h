// SPDX-License-Identifier: Apache-2.0
// What a model answers to MBBQ's questions: five prompts each, a greedy completion whose answer is detected,
// and the log-likelihood of the three letters.
#pragma once

#include "eval/mbbq/answer_detection.h"
#include "eval/mbbq/question.h"

#include <array>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/lm/language_model.h"
#include "xlt/scorers/unscored.h"

namespace xlt {

struct MbbqAnswer {
  std::string prompt, text;
  DetectedAnswer detected;
  // Of " A", " B", " C" after the prompt; nothing where they were not asked about.
  std::optional<std::array<double, 3>> letter_log_likelihoods = {};
  // The most probable letter, the first of equals.
  std::optional<int> most_probable() const;
  // {"prompt", "text", "detected": 0|1|2|null, "rule": 1 … 10|null, "letter_log_likelihoods"?: […]}
  Json to_json() const;
};

struct MbbqAnswers {
  std::array<MbbqAnswer, kMbbqPrompts> by_prompt;
  Unscored unscored;  // why one of the prompts could not be continued, or the question not be asked
};

struct MbbqAsking {
  LanguageModel& lm;
  const MbbqPhrases& phrases;
  std::string language;
  int64_t max_new_tokens;
};
// In the order of the questions; one that is unscored is not asked. The letters are asked about for the main
// set alone.
std::vector<MbbqAnswers> ask_mbbq(const MbbqAsking& asking, const std::vector<MbbqQuestion>& questions);

}  // namespace xlt
