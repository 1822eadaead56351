// SPDX-License-Identifier: Apache-2.0
// What raters are asked: the one table behind the form, the codebook and the reading of ratings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

struct HumanAnswer {
  const char *value, *label;  // as the CSV has it, as the form shows it
};

struct HumanQuestion {
  const char *name, *title, *help;
  bool is_of_pairs;  // two texts beside each other; else one
  std::vector<HumanAnswer> answers;
};

// In the order in which they are asked.
std::span<const HumanQuestion> human_questions();
// Nothing for a name that is none.
const HumanQuestion* find_human_question(const std::string& name);
// A rating as a number: of a pair 0 (a), ½ (tie), 1 (b), in any case; else any finite number. Nothing for
// what is no answer.
std::optional<double> rating_value(const HumanQuestion& question, const std::string& text);

// [{"name", "title", "help", "is_of_pairs", "answers": [{"value", "label"}]}]
Json questions_json();
// The instructions for raters, as Markdown.
std::string codebook();

}  // namespace xlt
