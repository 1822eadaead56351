// SPDX-License-Identifier: Apache-2.0
#include "eval/cell.h"

#include "eval/metric_interval.h"

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

// Of an item that is scored, and by design not by this metric.
constexpr const char *kOfAnotherGroup = "of another group",
                     *kOutsideMetric = "not among what this metric is about";

// Why the item is not among those that the metric is of.
std::string reason_left_out(const MetricSpec& spec, const ScoredItem& item) {
  const std::string reason = reason_of({&spec, 1}, item);
  if (reason != Unscored{Reason::kNotMeasured}.text()) return reason;
  const bool is_of_group = spec.name.find('/') != std::string::npos && !has_ratio(spec, item);
  return is_of_group ? kOfAnotherGroup : kOutsideMetric;
}

// {reason: count} of all items that the metric is not of.
Json left_out_of(const MetricSpec& spec, const std::vector<ScoredItem>& items, const RatioTable& table) {
  std::map<std::string, int64_t> counts;
  size_t next = 0;  // of the table, which has the others in the order of the items
  for (const ScoredItem& item : items)
    if (next < table.ids.size() && table.ids[next] == item.id)
      ++next;
    else
      ++counts[reason_left_out(spec, item)];
  return Json(counts);
}

std::string most_frequent_reason(const MetricSpec& spec, const std::vector<ScoredItem>& items) {
  std::map<std::string, int64_t> counts;
  for (const ScoredItem& item : items)
    if (!has_ratio(spec, item)) ++counts[reason_of({&spec, 1}, item)];
  // Items of another group have none and say nothing of why.
  if (counts.size() > 1) counts.erase(Unscored{Reason::kNotMeasured}.text());
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
  for (const ScoredItem& item : items) table.add(spec, item.id, item.ratios);
  return table;
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
  Json json{{"value", Json()}, {"ci95", Json()}, {"n", table.num_items()}};
  json["left_out"] = left_out_of(spec, items, table);
  json.update(metric_to_json(spec));
  const bool was_looked_at =
      std::any_of(items.begin(), items.end(), [&](const ScoredItem& item) { return has_ratio(spec, item); });
  if (was_looked_at) json["value"] = number_or_null(value_of(spec, table));
  if (json["value"].is_null()) {
    json["reason"] = most_frequent_reason(spec, items);
    return json;
  }
  json["ci95"] = interval_json(metric_interval(spec, table, bootstrap_samples, rng));
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
