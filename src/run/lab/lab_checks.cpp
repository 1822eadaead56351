// SPDX-License-Identifier: Apache-2.0
#include "run/lab/lab_checks.h"

#include "run/sweep/grid.h"
#include "run/sweep/grid_checks.h"
#include "run/sweep/shares.h"

#include <algorithm>

#include "xlt/base/registry.h"
#include "xlt/eval/benchmark.h"
#include "xlt/findings/compare.h"

namespace xlt {

namespace {

std::string at(const LabDesign& design, const std::string& place) { return design.file + ": " + place; }

[[noreturn]] void refuse(const std::string& message, const std::string& where) {
  throw Error(ErrorKind::kConfig, message, where);
}

void check_target_arm(const LabDesign& design) {
  std::vector<std::string> arms;
  for (const Json& recipe : design.recipes) arms.push_back(recipe.at("name").get<std::string>());
  if (std::find(arms.begin(), arms.end(), design.target.arm) == arms.end())
    refuse(unknown_name_message("recipe", design.target.arm, arms), at(design, "analysis.target.arm"));
}

// Those that the evaluation runs, each with its options at their defaults.
std::vector<NamedBenchmark> benchmarks_of(const LabDesign& design, const EvalOptions& options) {
  const std::vector<std::string> asked =
      design.eval.contains("benchmarks") ? options.benchmarks : lab_benchmarks();
  std::vector<NamedBenchmark> found;
  for (NamedBenchmark& one : make_benchmarks())
    if (std::find(asked.begin(), asked.end(), one.name) != asked.end() ||
        std::find(asked.begin(), asked.end(), "all") != asked.end())
      found.push_back(std::move(one));
  return found;
}

// The target's metric, in the comparison that the analysis reads.
void check_target_metric(const LabDesign& design, const EvalOptions& options) {
  const LabTarget& target = design.target;
  const Scoring scoring = target.scoring == "paper" ? Scoring::kPaper : Scoring::kCorrected;
  if (options.scoring != "both" && options.scoring != target.scoring)
    refuse("the evaluation's scoring is \"" + options.scoring + "\" alone",
           at(design, "analysis.target.scoring"));
  std::vector<std::string> names;
  for (const NamedBenchmark& one : benchmarks_of(design, options)) {
    names.push_back(one.name);
    if (one.name != target.benchmark) continue;
    std::vector<std::string> metrics;
    for (const MetricSpec& metric : one.benchmark->metrics(scoring, options)) {
      metrics.push_back(metric.name);
      if (metric.name != target.metric) continue;
      CompareOptions compare;
      read_options(visit_of(compare), design.compare, at(design, "compare"));
      const auto has = [&](const char* name) {
        return std::find(compare.metrics.begin(), compare.metrics.end(), name) != compare.metrics.end();
      };
      if (has("all") || has(target.metric.c_str()) || (has("headline") && metric.is_headline)) return;
      refuse("does not name the target's metric, \"" + target.metric + "\"; add it",
             at(design, "compare.metrics"));
    }
    refuse(unknown_name_message("metric of " + target.benchmark, target.metric, metrics),
           at(design, "analysis.target.metric"));
  }
  refuse(unknown_name_message("benchmark of the evaluation", target.benchmark, names),
         at(design, "analysis.target.benchmark"));
}

}  // namespace

std::vector<std::string> lab_benchmarks() { return {"rtp_prompts", "crows_pairs", "perplexity"}; }

void check_lab_design(const LabDesign& design, const SweepTools& tools) {
  const Json eval = resolve_config(tools, "eval", design.eval, at(design, "eval")).resolved;
  CompareOptions compare;
  read_options(visit_of(compare), design.compare, at(design, "compare"));
  check_target_arm(design);
  if (!design.analysis.factors.empty()) check_target_metric(design, eval_options(eval));
}

}  // namespace xlt
