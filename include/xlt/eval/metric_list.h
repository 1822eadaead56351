// SPDX-License-Identifier: Apache-2.0
// Every metric of every benchmark of the table, for people: what `xlt ls metrics` prints.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/eval/benchmark.h"
#include "xlt/eval/metric.h"

namespace xlt {

struct ListedMetric {
  MetricSpec spec;      // of a group that has a row of its own, only the name: "NAME/in_language"
  std::string meaning;  // of src/eval/metrics.def; empty: it has no row there
  std::vector<std::string> benchmarks;  // that have it
  std::vector<std::string> groups;      // "age" where there is NAME/age
  std::vector<Scoring> scorings;        // that have it
};
// As evaluations without further options have them, in the order of the benchmarks' table.
std::vector<ListedMetric> metric_list();
// In one line: which way is better, the meaning, the benchmarks, the scoring if it is one alone, the groups.
std::string describe_metric(const ListedMetric& metric);
// The names of the rows of metrics.def, and what one of them says; empty: there is no such row.
std::vector<std::string> explained_metrics();
std::string explained(std::string_view row);
// What a report's metric counts: NAME, NAME@K, and either with /GROUP. Empty where NAME has no row, as of a
// description of the user's own.
std::string metric_meaning(std::string_view metric);
// What the metric can be at least and at most; nothing: no such bound, or none is known here.
struct MetricRange {
  std::optional<double> low, high;
};
MetricRange metric_range(const MetricSpec& spec);

}  // namespace xlt
