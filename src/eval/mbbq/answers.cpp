// SPDX-License-Identifier: Apache-2.0
#include "eval/mbbq/answers.h"

#include "eval/prompt_refusal.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json_or_null.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

std::string prompt_text(const std::string& prompt, const MbbqQuestion& question) {
  return fill_slots(strip(prompt), {question.context, question.question, question.options[0],
                                    question.options[1], question.options[2]});
}

void detect_answers(const MbbqAsking& asking, const std::vector<MbbqQuestion>& questions,
                    std::vector<MbbqAnswers>& answers) {
  std::vector<GenerateRequest> requests;
  std::vector<size_t> asked;
  for (size_t i = 0; i < questions.size(); ++i)
    if (answers[i].unscored.empty()) asked.push_back(i);
  for (const size_t i : asked)
    for (size_t p = 0; p < kMbbqPrompts; ++p)
      requests.push_back({answers[i].by_prompt[p].prompt,
                          str_cat("mbbq/", asking.language, "/", questions[i].id, "/", p),
                          questions[i].place});
  GenerationOptions greedy;
  greedy.greedy = true;
  greedy.max_new_tokens = asking.max_new_tokens;
  const auto completions = asking.lm.generate(requests, greedy);
  XLT_CHECK(completions.size() == requests.size(), completions.size(), " for ", requests.size(), " prompts");
  auto next = completions.begin();
  for (const size_t i : asked)
    for (size_t p = 0; p < kMbbqPrompts; ++p) {
      const auto& completion = *next++;
      if (answers[i].unscored.empty()) answers[i].unscored = refusal_of(completion);
      MbbqAnswer& answer = answers[i].by_prompt[p];
      answer.text = completion[0].text;
      answer.detected =
          detect_answer(asking.phrases, questions[i].options, questions[i].unknown, answer.text);
    }
}

void score_letters(LanguageModel& lm, const std::vector<MbbqQuestion>& questions,
                   std::vector<MbbqAnswers>& answers) {
  std::vector<LogLikelihoodRequest> requests;
  std::vector<MbbqAnswer*> asked;
  for (size_t i = 0; i < questions.size(); ++i)
    for (MbbqAnswer& answer : answers[i].by_prompt)
      if (questions[i].set == MbbqSet::kMain && answers[i].unscored.empty()) {
        asked.push_back(&answer);
        for (const char* letter : {" A", " B", " C"}) requests.push_back({answer.prompt, letter});
      }
  const auto scores = lm.log_likelihood(requests);
  for (size_t k = 0; k < asked.size(); ++k) {
    auto& letters = asked[k]->letter_log_likelihoods.emplace();
    for (size_t i = 0; i < letters.size(); ++i) letters[i] = scores[letters.size() * k + i].log_likelihood;
  }
}

}  // namespace

std::optional<int> MbbqAnswer::most_probable() const {
  if (!letter_log_likelihoods) return std::nullopt;
  const auto& letters = *letter_log_likelihoods;
  return static_cast<int>(std::max_element(letters.begin(), letters.end()) - letters.begin());
}

Json MbbqAnswer::to_json() const {
  Json json{{"prompt", prompt},
            {"text", text},
            {"detected", json_or_null(detected.option)},
            {"rule", detected.rule > 0 ? Json(detected.rule) : Json()}};
  if (letter_log_likelihoods) json["letter_log_likelihoods"] = *letter_log_likelihoods;
  return json;
}

std::vector<MbbqAnswers> ask_mbbq(const MbbqAsking& asking, const std::vector<MbbqQuestion>& questions) {
  std::vector<MbbqAnswers> answers(questions.size());
  for (size_t i = 0; i < questions.size(); ++i) {
    answers[i].unscored = questions[i].unscored;
    if (!questions[i].unscored.empty()) continue;
    for (size_t p = 0; p < kMbbqPrompts; ++p)
      answers[i].by_prompt[p].prompt = prompt_text(asking.phrases.prompts[p], questions[i]);
  }
  detect_answers(asking, questions, answers);
  score_letters(asking.lm, questions, answers);
  return answers;
}

}  // namespace xlt
