// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/planned_cells.h"

#include "eval/plan.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/eval/description.h"
#include "xlt/scorers/scorer.h"

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

void keep_those_there(std::vector<fs::path>& files) {
  std::erase_if(files, [](const fs::path& file) { return !fs::is_regular_file(file); });
}

std::vector<fs::path> others_of(const Benchmark& benchmark, const EvalOptions& options) {
  std::vector<fs::path> files = benchmark.other_files(options.data);
  const auto add = [&](const std::vector<fs::path>& more) {
    files.insert(files.end(), more.begin(), more.end());
  };
  add(benchmark.files_of_quirks(options));
  if (benchmark.uses().scorers)
    for (const std::string& spec : scorer_specs(options)) add(files_in_data(spec, options.data));
  keep_those_there(files);
  return files;
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
                    cell.files,
                    others_of(cell.benchmark(), options),
                    cell.benchmark().uses().sampling,
                    metric_names(cell.benchmark(), options)};
    keep_those_there(one.files);
    planned.push_back(std::move(one));
  }
  return planned;
}

}  // namespace xlt
