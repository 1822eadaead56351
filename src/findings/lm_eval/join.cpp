// SPDX-License-Identifier: Apache-2.0
#include "findings/lm_eval/join.h"

#include "findings/comparability.h"
#include "findings/comparison_columns.h"
#include "findings/comparison_rows.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {

bool names(const std::vector<std::string>& asked, const std::string& text) {
  return std::find(asked.begin(), asked.end(), text) != asked.end();
}

bool is_asked(const std::vector<std::string>& asked, const std::string& metric) {
  return names(asked, "all") || names(asked, "headline") || names(asked, metric);
}

// A number of all runs of one arm: their mean, and the mean of their standard errors (runs share their items,
// so several are not more certain than one).
struct PooledMetric {
  double value = 0;
  std::optional<double> standard_error = 0.0;
  Json higher_is_better;
  int64_t num_items = 0, num_runs = 0;
};

std::optional<PooledMetric> pooled(const LmEvalArm& arm, const CellName& cell, const std::string& metric) {
  PooledMetric pooled;
  for (const LmEvalResults& run : arm.runs) {
    const auto metrics = run.stated.find(cell);
    if (metrics == run.stated.end() || !metrics->second.contains(metric)) continue;
    const StatedMetric& stated = metrics->second.at(metric);
    pooled.value += stated.value;
    if (pooled.standard_error && stated.standard_error.is_number())
      *pooled.standard_error += stated.standard_error.get<double>();
    else
      pooled.standard_error.reset();
    pooled.higher_is_better = stated.higher_is_better;
    pooled.num_items = stated.num_items;
    ++pooled.num_runs;
  }
  if (pooled.num_runs == 0) return std::nullopt;
  pooled.value /= static_cast<double>(pooled.num_runs);
  if (pooled.standard_error) *pooled.standard_error /= static_cast<double>(pooled.num_runs);
  return pooled;
}

// A row of what the results state.
Json stated_row(const CellName& cell, const std::string& metric, const std::string& arm,
                const PooledMetric& after, const std::optional<PooledMetric>& before) {
  Json row = Json::object();
  for (const char* column : kComparisonColumns) row[column] = Json();
  row["benchmark"] = cell.benchmark;
  row["language"] = cell.language;
  row["scoring"] = cell.scoring;
  row["metric"] = metric;
  row["arm"] = arm;
  row["n_items"] = row["n_ids"] = after.num_items;
  row["n_languages"] = 1;
  row["n_seeds"] = after.num_runs;
  row["value"] = after.value;
  row["higher_is_better"] = after.higher_is_better;
  row["p_is_exact"] = Json();
  row["note"] = before ? "as lm-eval states it: no samples give this value, so items are not paired"
                       : "the base has no results of this task";
  if (!before) return row;
  const double change = after.value - before->value;
  row["base"] = before->value;
  row["change"] = change;
  row["change_relative"] = before->value != 0 ? Json(change / before->value) : Json();
  if (after.standard_error && before->standard_error) {
    const double error = std::hypot(*after.standard_error, *before->standard_error);
    row["ci95"] = {change - normal_quantile(0.975) * error, change + normal_quantile(0.975) * error};
    row["mde"] = (normal_quantile(0.975) + normal_quantile(0.8)) * error;
  }
  return row;
}

// Whether a row of it is there.
using RowNames = std::set<std::tuple<std::string, std::string, std::string, std::string>>;
RowNames names_of(const Json& rows, size_t begin) {
  RowNames found;
  for (size_t i = begin; i < rows.size(); ++i)
    found.insert({rows[i].at("benchmark").get<std::string>(), rows[i].at("language").get<std::string>(),
                  rows[i].at("metric").get<std::string>(), rows[i].at("arm").get<std::string>()});
  return found;
}

void add_stated_rows(const std::vector<LmEvalArm>& arms, const LmEvalArm* base,
                     const std::vector<std::string>& asked, size_t begin, Json& rows) {
  const RowNames found = names_of(rows, begin);
  for (const LmEvalArm& arm : arms) {
    if (&arm == base) continue;
    std::map<CellName, std::set<std::string>> metrics;
    for (const LmEvalResults& run : arm.runs)
      for (const auto& [cell, stated] : run.stated)
        for (const auto& [metric, number] : stated)
          if (is_asked(asked, metric)) metrics[cell].insert(metric);
    for (const auto& [cell, own] : metrics)
      for (const std::string& metric : own)
        if (!found.contains({cell.benchmark, cell.language, metric, arm.name}))
          rows.push_back(stated_row(cell, metric, arm.name, *pooled(arm, cell, metric),
                                    base ? pooled(*base, cell, metric) : std::nullopt));
  }
}

// What the results state and cannot be, among the reasons for missing rows.
void refuse_unusable(const std::vector<LmEvalArm>& arms, const std::vector<std::string>& asked,
                     Json& refused) {
  for (const LmEvalArm& arm : arms)
    for (const LmEvalResults& run : arm.runs)
      for (const UnusableMetric& unusable : run.unusable)
        if (is_asked(asked, unusable.metric))
          refused.push_back(Json{{"benchmark", unusable.cell.benchmark},
                                 {"language", unusable.cell.language},
                                 {"scoring", unusable.cell.scoring},
                                 {"scorer", Json()},
                                 {"metric", unusable.metric},
                                 {"arm", arm.name},
                                 {"reason", str_cat(run.file.string(), ": ", unusable.reason)}});
}

std::string name_of(const LmEvalResults& results) {
  const Json& name = results.record.at("model_name");
  if (name.is_string() && !name.get<std::string>().empty()) return name.get<std::string>();
  const std::string folder = fs::absolute(results.file).parent_path().filename().string();
  return folder.empty() ? results.file.stem().string() : folder;
}

}  // namespace

std::vector<LmEvalArm> read_lm_eval_arms(const std::vector<std::string>& texts, const std::string& base) {
  std::vector<LmEvalArm> arms;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const bool is_named =
        equals != std::string::npos && equals > 0 && text.find('/') > equals && !fs::exists(text);
    LmEvalResults results = read_lm_eval(is_named ? text.substr(equals + 1) : text);
    const std::string name = is_named ? text.substr(0, equals) : name_of(results);
    auto arm = std::find_if(arms.begin(), arms.end(), [&](const LmEvalArm& one) { return one.name == name; });
    if (arm == arms.end()) arm = arms.insert(arm, LmEvalArm{name, {}});
    for (const LmEvalResults& run : arm->runs)
      if (fs::equivalent(run.file, results.file))
        throw Error(ErrorKind::kUsage, "this file is given twice: a run is no second seed of itself", text);
    arm->runs.push_back(std::move(results));
  }
  std::stable_partition(arms.begin(), arms.end(), [&](const LmEvalArm& arm) { return arm.name == base; });
  return arms;
}

std::vector<std::string> metrics_among(const std::vector<Arm>& arms, const std::vector<std::string>& asked) {
  std::set<std::string> known;
  for (const Arm& arm : arms)
    for (const EvaluationFolder& seed : arm.seeds)
      for (const auto& [name, cell] : seed.cells())
        for (const auto& [metric, value] : cell->at("metrics").items()) known.insert(metric);
  std::vector<std::string> kept;
  for (const std::string& name : asked)
    if (name == "all" || name == "headline" || known.contains(name)) kept.push_back(name);
  return kept;
}

std::vector<std::string> lm_eval_metrics(const std::vector<LmEvalArm>& arms,
                                         const std::vector<std::string>& asked) {
  std::set<std::string> known{"all", "headline"};
  for (const LmEvalArm& arm : arms)
    for (const LmEvalResults& run : arm.runs) {
      for (const auto& [cell, stated] : run.stated)
        for (const auto& [metric, number] : stated) known.insert(metric);
      for (const UnusableMetric& unusable : run.unusable) known.insert(unusable.metric);
    }
  std::vector<std::string> own;
  for (const std::string& name : asked)
    if (known.contains(name)) own.push_back(name);
  return own;
}

Json add_lm_eval_rows(const std::vector<LmEvalArm>& arms, const std::string& base,
                      const CompareOptions& options, const Context& context, Json& rows, Json& refused) {
  const bool has_base = !arms.empty() && arms[0].name == base;
  const size_t begin = rows.size();
  Json allowed = Json::array();
  refuse_unusable(arms, options.metrics, refused);
  if (has_base && arms.size() > 1) {
    std::vector<Arm> paired;
    for (const LmEvalArm& arm : arms) {
      Arm& own = paired.emplace_back(Arm{arm.name, {}});
      for (const LmEvalResults& run : arm.runs) own.seeds.push_back(run.evaluation);
    }
    allowed = check_comparable(paired, options.allow);
    CompareOptions own = options;
    own.metrics = metrics_among(paired, options.metrics);
    if (!own.metrics.empty()) add_rows(paired, own, context, rows, refused);
  }
  add_stated_rows(arms, has_base ? &arms[0] : nullptr, options.metrics, begin, rows);
  return allowed;
}

}  // namespace xlt
