// SPDX-License-Identifier: Apache-2.0
// Compares arms of an experiment: the folders that `xlt eval` wrote, a base against others, paired by item
// and nested in seeds.
//
//   const Json comparison = compare(options, context);      // {"arms", "rows", "refused", "settings"}
//   write_comparison(comparison, options.output);            // compare.json, compare.csv, compare.tex
//   std::fputs(comparison_table(comparison).c_str(), stdout);
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

// Flags of `xlt compare`.
struct CompareOptions {
  // DIR, or NAME=DIR[,DIR…]: the seeds of one arm. The first is the base.
  std::vector<std::string> arms;
  std::string output, source = "en", scoring = "both";
  std::vector<std::string> metrics{"headline"};
  std::vector<std::string> allow;
  // Results of lm-evaluation-harness, each NAME=FILE (NAME: an arm; several of one arm are its seeds) or FILE
  // (an arm called as its model).
  std::vector<std::string> lm_eval;
  int64_t num_resamples = 2000, num_permutations = 10000;
  uint64_t seed = 0;  // not visited: the global --seed
  void visit(OptionVisitor& v);
};

// One row a benchmark, language (or "mean_others"), scoring, scorer, metric and arm; what could not be
// compared is in "refused" with its reason. Throws kUsage for arms that make no sense, kIo and kData for
// folders that are no evaluations, and kData naming every setting in which the arms differ, adapters apart,
// unless it is allowed.
Json compare(const CompareOptions& options, const Context& context);

// The arms and that they may be compared, without comparing them. Throws as `compare` does.
void check_compare_options(const CompareOptions& options);

// compare.json, compare.csv and compare.tex (tables for the LaTeX package booktabs) in `folder`.
void write_comparison(const Json& comparison, const std::filesystem::path& folder);
// For people: a block a metric, a line a language, a column an arm.
std::string comparison_table(const Json& comparison);

}  // namespace xlt
