// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/metric_list.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

const std::string kAny = "NAME";  // of a group, whatever the metric

template <typename Value>
void add_once(std::vector<Value>& values, const Value& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// The metric in the list, put there if it is new. Two of one name and meaning are the same only where the
// same way is better.
ListedMetric& row_of(const MetricSpec& spec, const std::string& meaning, std::vector<ListedMetric>& list) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const ListedMetric& listed) {
    return listed.spec.name == spec.name && listed.spec.higher_is_better == spec.higher_is_better &&
           listed.spec.ideal == spec.ideal;
  });
  if (found != list.end()) return *found;
  list.push_back({spec, meaning, {}, {}, {}});
  return list.back();
}

void add(const MetricSpec& spec, const std::string& benchmark, Scoring scoring,
         std::vector<ListedMetric>& list) {
  const auto note = [&](ListedMetric& row) {
    add_once(row.benchmarks, benchmark);
    add_once(row.scorings, scoring);
  };
  const size_t slash = spec.name.find('/');
  if (slash == std::string::npos) return note(row_of(spec, explained(spec.name), list));
  MetricSpec whole = spec;
  whole.name.resize(slash);
  add_once(row_of(whole, explained(whole.name), list).groups, spec.name.substr(slash + 1));
  const std::string group = spec.name.substr(slash), meaning = explained(group);
  if (!meaning.empty()) note(row_of({kAny + group}, meaning, list));
}

std::string direction_of(const MetricSpec& spec) {
  if (spec.ideal) return str_cat("ideal ", *spec.ideal);
  if (!spec.higher_is_better) return "neither way is better";
  return *spec.higher_is_better ? "higher is better" : "lower is better";
}

}  // namespace

std::vector<ListedMetric> metric_list() {
  std::vector<ListedMetric> list;
  for (const auto& [name, benchmark] : make_benchmarks())
    for (const Scoring scoring : {Scoring::kPaper, Scoring::kCorrected})
      for (const MetricSpec& spec : benchmark->metrics(scoring, EvalOptions{}))
        add(spec, name, scoring, list);
  return list;
}

std::string describe_metric(const ListedMetric& metric) {
  std::string text = metric.spec.name.starts_with(kAny) ? kAny + " " : direction_of(metric.spec) + ": ";
  text += str_cat(metric.meaning, " (", join(metric.benchmarks));
  if (metric.scorings.size() == 1) text += str_cat(", ", name_of(metric.scorings.front()), " alone");
  if (!metric.groups.empty())
    text += "; also " + join(metric.groups, ", ", [](const std::string& group) { return "/" + group; });
  return text + ")";
}

}  // namespace xlt
