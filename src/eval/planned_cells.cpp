// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/planned_cells.h"

#include "eval/plan.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/eval/description.h"

namespace xlt {

namespace {

std::string request_for(const std::string& benchmark, const EvalOptions& options) {
  for (const std::string& asked : options.benchmarks)
    if (is_description(asked) && read_description(asked).name == benchmark) return asked;
  return benchmark;
}

std::vector<std::string> metric_names(const Benchmark& benchmark, const EvalOptions& options) {
  std::vector<std::string> names;
  for (const Scoring scoring : scorings(options))
    for (const MetricSpec& metric : benchmark.metrics(scoring, options))
      if (std::find(names.begin(), names.end(), metric.name) == names.end()) names.push_back(metric.name);
  return names;
}

}  // namespace

std::vector<PlannedCell> planned_cells(const EvalOptions& options) {
  check_eval_options(options);
  std::vector<PlannedCell> planned;
  for (const CellPlan& cell : plan_cells(options)) {
    PlannedCell one{cell.entry.name,
                    cell.benchmark().version(),
                    cell.language,
                    request_for(cell.entry.name, options),
                    {},
                    cell.benchmark().uses().sampling,
                    metric_names(cell.benchmark(), options)};
    std::vector<fs::path> files = cell.files;
    for (fs::path& file : cell.benchmark().other_files(options.data)) files.push_back(std::move(file));
    for (fs::path& file : files)
      if (fs::is_regular_file(file)) one.files.push_back(std::move(file));
    planned.push_back(std::move(one));
  }
  return planned;
}

}  // namespace xlt
