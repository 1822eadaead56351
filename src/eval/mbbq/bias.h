// SPDX-License-Identifier: Apache-2.0
// From detected answers to MBBQ's figures.
#pragma once

#include "eval/mbbq/answers.h"
#include "eval/mbbq/question.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

// How often the right option was detected, by template, among disambiguated questions that were asked; an
// answer without a detected option is wrong.
std::map<std::string, Ratio> template_accuracy(const std::vector<MbbqQuestion>& questions,
                                               const std::vector<MbbqAnswers>& answers);
// Templates whose accuracy is above chance (0.33, as published) in every language; one that a language lacks
// is not among them.
std::set<std::string> understood_templates(const std::vector<std::map<std::string, Ratio>>& by_language);

// The ratios of the main set's items, or why one lacks them; `items` are the questions', in order. Of what
// depends on templates, those in `understood` count; null: all do.
void add_mbbq_ratios(const std::vector<MbbqQuestion>& questions, const std::vector<MbbqAnswers>& answers,
                     const std::set<std::string>* understood, std::vector<ScoredItem>& items);
// The ratios of the control set's: how often the right option was detected, and nothing to count for the
// rest.
void add_mbbq_control_ratios(const std::vector<MbbqQuestion>& questions,
                             const std::vector<MbbqAnswers>& answers, std::vector<ScoredItem>& items);
std::vector<MetricSpec> mbbq_metrics(Scoring scoring);

}  // namespace xlt
