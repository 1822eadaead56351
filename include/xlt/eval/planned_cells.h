// SPDX-License-Identifier: Apache-2.0
// What an evaluation would do, known without doing it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "xlt/eval/evaluate.h"

namespace xlt {

// One benchmark in one language.
struct PlannedCell {
  std::string benchmark, version, language;
  std::string request;  // what --benchmarks calls it: its name, or the file that describes it
  std::vector<std::filesystem::path> files;  // those of its items, of those that are there
  // What else decides its results and is there: files beside the language's own, those of quirks, and the
  // data folder's word lists, all of them, as their scorer's hash is of all.
  std::vector<std::filesystem::path> others;
  bool samples = false;              // asks for --num-samples completions of each item
  std::vector<std::string> metrics;  // by name, of all ways of scoring that were asked for
};

// In the order in which they would run. Throws as check_eval_options does.
std::vector<PlannedCell> planned_cells(const EvalOptions& options);

}  // namespace xlt
