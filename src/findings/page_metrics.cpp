// SPDX-License-Identifier: Apache-2.0
#include "findings/page_metrics.h"

#include "findings/page_rows.h"

#include <set>

#include "xlt/eval/metric_list.h"

namespace xlt {

namespace {

// What a metric's report, or a comparison's row, says of it.
struct Described {
  Json higher_is_better, ideal, lowest, highest;
};

Described described(const std::string& name, const Json& json) {
  Described of{value_or_null(json, "higher_is_better"), value_or_null(json, "ideal"), Json(), Json()};
  const Json range = value_or_null(json, "range"), formula = value_or_null(json, "formula");
  of.lowest = end_of(range, 0);
  of.highest = end_of(range, 1);
  if (!formula.is_object()) return of;
  MetricSpec spec{name};
  spec.is_bounded = formula.value("bounded", true);
  spec.scale = formula.value("scale", 1.0);
  const MetricRange possible = metric_range(spec);
  if (possible.low) of.lowest = *possible.low;
  if (possible.high) of.highest = *possible.high;
  return of;
}

std::string direction_of(const Described& metric) {
  if (metric.ideal.is_number()) return str_cat("nearer ", metric.ideal.get<double>(), " is better");
  if (!metric.higher_is_better.is_boolean()) return "neither way is better";
  return metric.higher_is_better.get<bool>() ? "higher is better" : "lower is better";
}

class MetricRows {
 public:
  void add(const std::string& benchmark, const std::string& metric, const Described& of) {
    if (!seen_.insert({benchmark, metric}).second) return;
    const std::string meaning = metric_meaning(metric);
    rows_.push_back(Json::array({benchmark, metric, meaning.empty() ? Json() : Json(meaning),
                                 direction_of(of), of.lowest, of.highest, of.ideal}));
  }
  Json take() { return std::move(rows_); }

 private:
  std::set<std::pair<std::string, std::string>> seen_;
  Json rows_ = Json::array();
};

}  // namespace

PageTable metrics_table(const std::vector<Arm>& arms, const Json& comparison,
                        const std::vector<std::string>& asked) {
  PageTable table{"metrics",
                  "What the metrics mean",
                  {"benchmark", "metric", "meaning", "better", "lowest", "highest", "ideal"}};
  MetricRows rows;
  // Evaluations first: they say what is ideal, which rows of a comparison do not.
  for_each_metric(
      arms, asked,
      [&](const Arm&, const std::string&, const CellName& name, const Json&, const std::string& metric,
          const Json& entry) { rows.add(name.benchmark, metric, described(metric, entry)); });
  if (comparison.is_object())
    for (const Json& row : comparison.at("rows"))
      rows.add(text_of(row, "benchmark"), text_of(row, "metric"), described(text_of(row, "metric"), row));
  table.rows = rows.take();
  return table;
}

}  // namespace xlt
