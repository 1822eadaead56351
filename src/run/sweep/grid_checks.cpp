// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/grid_checks.h"

#include <algorithm>

#include "xlt/base/language.h"
#include "xlt/base/registry.h"
#include "xlt/findings/compare.h"

namespace xlt {

namespace {

std::vector<std::string> list(const std::set<std::string>& names) { return {names.begin(), names.end()}; }

void check_benchmarks(const std::vector<std::string>& names, const Measured& measured,
                      const std::string& where) {
  for (const std::string& name : names)
    if (!measured.benchmarks.contains(name))
      throw Error(
          ErrorKind::kConfig,
          unknown_name_message("benchmark of the grid's evaluations", name, list(measured.benchmarks)),
          where);
}

}  // namespace

void Measured::add(const std::vector<PlannedCell>& cells) {
  for (const PlannedCell& cell : cells) {
    benchmarks.insert(cell.benchmark);
    languages.insert(cell.language);
    metrics.insert(cell.metrics.begin(), cell.metrics.end());
  }
}

void check_compare(const Json& compare, const Measured& measured, const std::string& where) {
  if (compare.empty()) return;
  if (measured.benchmarks.empty())
    throw Error(ErrorKind::kConfig, "nothing is evaluated, so there is nothing to compare",
                where + ": compare");
  CompareOptions options;
  read_options(visit_of(options), compare, where + ": compare");
  for (const std::string& name : options.metrics)
    if (name != "all" && name != "headline" && !measured.metrics.contains(name)) {
      std::vector<std::string> known = list(measured.metrics);
      known.insert(known.begin(), {"headline", "all"});
      throw Error(ErrorKind::kConfig, unknown_name_message("metric of the evaluations", name, known),
                  where + ": compare.metrics");
    }
  const std::string source =
      at_place(where + ": compare.source", [&] { return parse_language(options.source); });
  if (compare.contains("source") && !measured.languages.contains(source))
    throw Error(ErrorKind::kConfig,
                unknown_name_message("language of the evaluations", source, list(measured.languages)),
                where + ": compare.source");
}

void check_names(const Grid& grid, const Measured& measured) {
  for (size_t i = 0; i < grid.models.size(); ++i)
    check_benchmarks(grid.models[i].without_benchmarks, measured,
                     str_cat(grid.file, ": models[", i, "].without_benchmarks"));
  for (size_t i = 0; i < grid.recipes.size(); ++i)
    if (grid.recipes[i].benchmarks)
      check_benchmarks(*grid.recipes[i].benchmarks, measured,
                       str_cat(grid.file, ": recipes[", i, "].benchmarks"));
  check_compare(grid.compare, measured, grid.file);
}

}  // namespace xlt
