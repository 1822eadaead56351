// SPDX-License-Identifier: Apache-2.0
#include "eval/cell.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json.h"

namespace xlt {

namespace {

// Why an item has no ratio of these metrics.
std::string reason_of(std::span<const MetricSpec> specs, const ScoredItem& item) {
  for (const MetricSpec& spec : specs)
    for (const std::string& name : spec.ratios)
      if (const auto found = item.absent.find(name); found != item.absent.end()) return found->second.text();
  return item.unscored.empty() ? Unscored{Reason::kNotMeasured}.text() : item.unscored.text();
}

std::string most_frequent_reason(const MetricSpec& spec, const std::vector<ScoredItem>& items) {
  std::map<std::string, int64_t> counts;
  for (const ScoredItem& item : items)
    if (!has_ratio(spec, item)) ++counts[reason_of({&spec, 1}, item)];
  if (counts.empty()) return Unscored{items.empty() ? Reason::kNoItems : Reason::kUndefined}.text();
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace

bool has_ratio(const MetricSpec& spec, const ScoredItem& item) {
  return std::any_of(spec.ratios.begin(), spec.ratios.end(),
                     [&](const std::string& name) { return item.ratios.contains(name); });
}

RatioTable table_of(const MetricSpec& spec, const std::vector<ScoredItem>& items) {
  RatioTable table;
  for (const ScoredItem& item : items) {
    if (!has_ratio(spec, item)) continue;
    std::vector<Ratio> row;
    for (const std::string& name : spec.ratios) {
      const auto found = item.ratios.find(name);
      row.push_back(found == item.ratios.end() ? Ratio{} : found->second);
    }
    table.push_back(std::move(row));
  }
  return table;
}

double value_of(const MetricSpec& spec, const RatioTable& table, std::span<const int64_t> drawn) {
  std::vector<Ratio> sums(spec.ratios.size());
  for (int64_t index : drawn)
    for (size_t r = 0; r < sums.size(); ++r) {
      sums[r].numerator += table[index][r].numerator;
      sums[r].denominator += table[index][r].denominator;
    }
  return spec.combine(sums);
}

std::vector<int64_t> all_of(const RatioTable& table) {
  std::vector<int64_t> indices(table.size());
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<int64_t>(i);
  return indices;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json interval_json(const std::optional<Interval>& interval) {
  return interval && std::isfinite(interval->low) && std::isfinite(interval->high)
             ? Json::array({interval->low, interval->high})
             : Json();
}

Json reduce_metric(const MetricSpec& spec, const std::vector<ScoredItem>& items, int64_t bootstrap_samples,
                   const Rng& rng) {
  const RatioTable table = table_of(spec, items);
  const auto counting = std::count_if(table.begin(), table.end(), [](const std::vector<Ratio>& row) {
    return std::any_of(row.begin(), row.end(), [](const Ratio& ratio) { return ratio.denominator != 0; });
  });
  Json json{{"value", Json()}, {"ci95", Json()}, {"n", counting}};
  json.update(metric_to_json(spec));
  if (!table.empty()) json["value"] = number_or_null(value_of(spec, table, all_of(table)));
  if (json["value"].is_null()) {
    json["reason"] = most_frequent_reason(spec, items);
    return json;
  }
  json["ci95"] = interval_json(bootstrap_ci95(
      static_cast<int64_t>(table.size()),
      [&](std::span<const int64_t> drawn) { return value_of(spec, table, drawn); }, rng, bootstrap_samples));
  return json;
}

Json reduce_cell(const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                 int64_t bootstrap_samples, const Rng& rng) {
  std::vector<MetricSpec> headlines;
  std::copy_if(specs.begin(), specs.end(), std::back_inserter(headlines),
               [](const MetricSpec& spec) { return spec.is_headline; });
  std::map<std::string, int64_t> unscored;
  int64_t scored = 0;
  for (const ScoredItem& item : items) {
    if (std::any_of(headlines.begin(), headlines.end(),
                    [&](const MetricSpec& spec) { return has_ratio(spec, item); })) {
      ++scored;
    } else {
      ++unscored[reason_of(headlines, item)];
    }
  }
  Json metrics = Json::object();
  for (const MetricSpec& spec : specs)
    metrics[spec.name] = reduce_metric(spec, items, bootstrap_samples, rng.fork(spec.name));
  return Json{
      {"n_items", items.size()}, {"n_scored", scored}, {"unscored", Json(unscored)}, {"metrics", metrics}};
}

}  // namespace xlt
