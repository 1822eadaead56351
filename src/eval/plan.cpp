// SPDX-License-Identifier: Apache-2.0
#include "eval/plan.h"

#include "eval/benchmarks/completions.h"
#include "eval/described/described_benchmark.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/language.h"
#include "xlt/eval/description.h"

namespace xlt {

namespace {

std::vector<std::string> languages_of(const Benchmark& benchmark, const EvalOptions& options) {
  std::vector<std::string> languages;
  const auto add = [&](const std::string& tag) {
    if (std::find(languages.begin(), languages.end(), tag) == languages.end()) languages.push_back(tag);
  };
  for (const std::string& tag : options.langs) {
    if (tag != "all") {
      add(parse_language(tag));
    } else {
      for (const std::string& known : benchmark.languages(options.data)) add(known);
    }
  }
  return languages;
}

// Whether `all` means it, too: what compares with an untouched model is asked for by name or by --base.
bool is_of_all(const Benchmark& benchmark, const EvalOptions& options) {
  return !benchmark.uses().base || !options.base.empty();
}

// The first file that is not there.
Unscored missing_file(const std::vector<fs::path>& files, const fs::path& data) {
  for (const fs::path& file : files)
    if (!fs::is_regular_file(file)) return {Reason::kNoDataFile, file.lexically_relative(data).string()};
  return {};
}

}  // namespace

std::vector<NamedBenchmark> selected_benchmarks(const EvalOptions& options) {
  if (!options.completions.empty()) {
    for (const std::string& name : options.benchmarks)
      if (name != "all" && name != "completions")
        throw Error(ErrorKind::kUsage,
                    str_cat("benchmark \"", name, "\" asks a model; with --completions there is none"),
                    "--benchmarks");
    return {{"completions", make_completions_benchmark(options)}};
  }
  for (const std::string& name : options.benchmarks)
    if (name != "all" && !is_description(name)) find_entry<Benchmark>(benchmarks(), "benchmark", name);
  std::vector<NamedBenchmark> selected;
  for (const NamedBenchmark& entry : options.table)
    if (std::any_of(options.benchmarks.begin(), options.benchmarks.end(), [&](const std::string& name) {
          return name == entry.name || (name == "all" && is_of_all(*entry.benchmark, options));
        }))
      selected.push_back(entry);
  for (const std::string& name : options.benchmarks) {
    if (!is_description(name)) continue;
    NamedBenchmark described = make_described_benchmark(name, options.data);
    for (const NamedBenchmark& other : selected)
      if (other.name == described.name)
        throw Error(ErrorKind::kUsage, str_cat("two benchmarks are called \"", other.name, "\""), name);
    selected.push_back(std::move(described));
  }
  return selected;
}

std::vector<CellPlan> plan_cells(const EvalOptions& options) {
  std::vector<CellPlan> plan;
  for (const NamedBenchmark& entry : selected_benchmarks(options))
    for (const std::string& language : languages_of(*entry.benchmark, options)) {
      auto files = entry.benchmark->files(options.data, language);
      const Unscored missing = missing_file(files, options.data);
      plan.push_back({entry, language, std::move(files), missing});
    }
  return plan;
}

std::vector<Scoring> scorings(const EvalOptions& options) {
  if (options.scoring == "both") return {Scoring::kPaper, Scoring::kCorrected};
  return {options.scoring == "paper" ? Scoring::kPaper : Scoring::kCorrected};
}

std::vector<TextScorer*> scorers_of(const Benchmark& benchmark, const EvalServices& services) {
  if (!benchmark.uses().scorers || services.scorers.empty()) return {nullptr};
  return services.scorers;
}

}  // namespace xlt
