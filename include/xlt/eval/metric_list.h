// SPDX-License-Identifier: Apache-2.0
// Every metric of every benchmark of the table, for people: what `xlt ls metrics` prints.
#pragma once

#include <string>
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
// The names of the rows of metrics.def.
std::vector<std::string> explained_metrics();

}  // namespace xlt
