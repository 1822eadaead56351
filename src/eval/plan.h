// SPDX-License-Identifier: Apache-2.0
// Which cells an evaluation has: benchmarks × languages, and for each the scorers and ways of scoring.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "xlt/eval/evaluate.h"

namespace xlt {

// One benchmark in one language: items are made once, and reduced by every scorer and way of scoring.
struct CellPlan {
  NamedBenchmark entry;
  std::string language;
  std::vector<std::filesystem::path> files;
  Unscored missing;  // which file is not there; kNone: all are
  const Benchmark& benchmark() const { return *entry.benchmark; }
};

// In the order of the table, then those that are described in a file, each language once, in the order asked
// for. Throws kUsage for names that are not known or used twice, and what read_description throws.
std::vector<NamedBenchmark> selected_benchmarks(const EvalOptions& options);
std::vector<CellPlan> plan_cells(const EvalOptions& options);

std::vector<Scoring> scorings(const EvalOptions& options);
// Whose judgements the cells of a benchmark hold: one null where it asks no scorer, or has none to ask.
std::vector<TextScorer*> scorers_of(const Benchmark& benchmark, const EvalServices& services);

}  // namespace xlt
