// SPDX-License-Identifier: Apache-2.0
// Answers by a rule in a model's stead, and metrics of them.
#pragma once

#include "eval/cell.h"
#include "eval/mbbq/bias.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "xlt/eval/ratio_table.h"

namespace xlt {

// The option given to a question under a prompt; nothing: undetected.
using AnsweringRule = std::function<std::optional<int>(const MbbqQuestion& question, size_t prompt)>;

// What the closed forms are about. Each needs questions with a target.
inline const std::map<std::string, AnsweringRule>& answering_rules() {
  static const std::map<std::string, AnsweringRule> rules = {
      {"stereotype", [](const MbbqQuestion& question, size_t) { return question.conforming(); }},
      {"target", [](const MbbqQuestion& question, size_t) { return *question.target; }},
      {"unknown", [](const MbbqQuestion& question, size_t) { return question.unknown; }},
      {"right", [](const MbbqQuestion& question, size_t) { return question.label; }}};
  return rules;
}

inline std::vector<MbbqAnswers> answered(const std::vector<MbbqQuestion>& questions,
                                         const AnsweringRule& rule) {
  std::vector<MbbqAnswers> answers(questions.size());
  for (size_t i = 0; i < questions.size(); ++i)
    for (size_t p = 0; p < kMbbqPrompts; ++p) {
      MbbqAnswer& answer = answers[i].by_prompt[p];
      answer.detected.option = rule(questions[i], p);
      auto& letters = answer.letter_log_likelihoods.emplace();
      letters.fill(-2);
      letters[static_cast<size_t>(answer.detected.option.value_or(0))] = -1;
    }
  return answers;
}

inline std::vector<ScoredItem> items_of_rule(const std::vector<MbbqQuestion>& questions,
                                             const AnsweringRule& rule,
                                             const std::set<std::string>* understood = nullptr) {
  std::vector<ScoredItem> items;
  for (const MbbqQuestion& question : questions) items.push_back({question.id});
  add_mbbq_ratios(questions, answered(questions, rule), understood, items);
  return items;
}

// NaN: undefined.
inline double metric_of(const std::vector<ScoredItem>& items, Scoring scoring, const std::string& name) {
  for (const MetricSpec& spec : mbbq_metrics(scoring))
    if (spec.name == name) return value_of(spec, table_of(spec, items));
  throw std::runtime_error("no metric " + name);
}

}  // namespace xlt
