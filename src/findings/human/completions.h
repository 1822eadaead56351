// SPDX-License-Identifier: Apache-2.0
// The completions of evaluations' items, as people are to judge them.
#pragma once

#include "findings/arm.h"

#include <map>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

struct JudgedText {
  std::string text;
  std::map<std::string, Json> scores;  // by scorer; null where it gave none
};
struct CompletedItem {
  std::string prompt;
  std::vector<JudgedText> completions;
};

// Which item of which benchmark, in one language.
struct ItemName {
  std::string benchmark, id;
  auto operator<=>(const ItemName&) const = default;
};
using CompletedItems = std::map<ItemName, CompletedItem>;

// [language] the items with completions of one evaluation; benchmarks without any are passed over. Throws
// kData naming the line of a row that is none.
std::map<std::string, CompletedItems> completed_items(const EvaluationFolder& folder);

}  // namespace xlt
