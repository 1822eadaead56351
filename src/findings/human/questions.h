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

// "i0007-3f9ac104": an item's number and the beginning of its export's id, which tell an item of one form
// from all others.
std::string human_item_id(const std::string& number, const std::string& export_id);
// The beginning of the export's id that an item's id ends in; empty where it has none.
std::string export_of_item(const std::string& item_id);

// [{"name", "title", "help", "is_of_pairs", "answers": [{"value", "label"}]}]
Json questions_json();
// The instructions for raters, as Markdown.
std::string codebook();

}  // namespace xlt
