// SPDX-License-Identifier: Apache-2.0
// What is wrong with a grid beyond its options one by one: known before the first cell, not after the last.
#pragma once

#include "run/sweep/grid.h"

#include <set>
#include <string>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/eval/planned_cells.h"

namespace xlt {

// What all evaluations of a grid measure.
struct Measured {
  std::set<std::string> benchmarks, languages, metrics;
  void add(const std::vector<PlannedCell>& cells);
};

// Every benchmark that a model or a recipe names is one of theirs, and so is every metric and the language of
// `compare`. Throws kConfig naming the place.
void check_names(const Grid& grid, const Measured& measured);
// Of `compare` alone; `where` is the file it stands in.
void check_compare(const Json& compare, const Measured& measured, const std::string& where);

// Does `work`; what it throws says `where` too, and is kConfig where a command line would have been wrong.
template <typename Work>
auto at_place(const std::string& where, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw Error(error.kind() == ErrorKind::kUsage ? ErrorKind::kConfig : error.kind(), error.message(),
                error.context().empty() ? where : where + ": " + error.context());
  }
}

}  // namespace xlt
