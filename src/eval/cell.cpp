// SPDX-License-Identifier: Apache-2.0
#include "eval/cell.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json.h"

namespace xlt {

namespace {

// Items' ratios of one metric as a table: [item][ratio]; missing ratios are 0/0, which changes no sum.
using Table = std::vector<std::vector<Ratio>>;

// Rows are items that have at least one of the ratios.
Table table_of(const MetricSpec& spec, const std::vector<ScoredItem>& items) {
  Table table;
  for (const ScoredItem& item : items) {
    std::vector<Ratio> row;
    bool is_there = false;
    for (const std::string& name : spec.ratios) {
      const auto found = item.ratios.find(name);
      is_there = is_there || found != item.ratios.end();
      row.push_back(found == item.ratios.end() ? Ratio{} : found->second);
    }
    if (is_there) table.push_back(std::move(row));
  }
  return table;
}

double value_of(const MetricSpec& spec, const Table& table, std::span<const int64_t> drawn) {
  std::vector<Ratio> sums(spec.ratios.size());
  for (int64_t index : drawn)
    for (size_t r = 0; r < sums.size(); ++r) {
      sums[r].numerator += table[index][r].numerator;
      sums[r].denominator += table[index][r].denominator;
    }
  return spec.combine(sums);
}

std::vector<int64_t> all_of(const Table& table) {
  std::vector<int64_t> indices(table.size());
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<int64_t>(i);
  return indices;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json interval_json(const std::optional<Interval>& interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json();
}

}  // namespace

MetricSpec ratio_metric(std::string name, std::string ratio, std::optional<bool> higher_is_better,
                        double scale, bool is_headline) {
  return {std::move(name),
          higher_is_better,
          {std::move(ratio)},
          [scale](std::span<const Ratio> sums) {
            return sums[0].denominator > 0 ? scale * sums[0].numerator / sums[0].denominator : NAN;
          },
          is_headline};
}

Json item_to_json(const ScoredItem& item) {
  Json json{{"id", item.id}};
  if (item.detail)
    for (const auto& [key, value] : item.detail->items()) json[key] = value;
  Json ratios = Json::object();
  for (const auto& [name, ratio] : item.ratios)
    ratios[name] = Json::array({ratio.numerator, ratio.denominator});
  json["ratios"] = std::move(ratios);
  if (!item.unscored.empty()) json["unscored"] = item.unscored;
  return json;
}

ScoredItem item_from_json(const Json& json) {
  ScoredItem item{json.at("id").get<std::string>()};
  for (const auto& [name, ratio] : json.at("ratios").items())
    item.ratios[name] = {ratio.at(0).get<double>(), ratio.at(1).get<double>()};
  if (json.contains("unscored")) item.unscored = json.at("unscored").get<std::string>();
  return item;
}

Json reduce_metric(const MetricSpec& spec, const std::vector<ScoredItem>& items, int64_t bootstrap_samples,
                   const Rng& rng) {
  const Table table = table_of(spec, items);
  Json json{{"value", Json()}, {"ci95", Json()}, {"n", table.size()}};
  json["higher_is_better"] = spec.higher_is_better ? Json(*spec.higher_is_better) : Json();
  if (table.empty()) return json;
  json["value"] = number_or_null(value_of(spec, table, all_of(table)));
  if (!json["value"].is_null())
    json["ci95"] = interval_json(bootstrap_ci95(
        static_cast<int64_t>(table.size()),
        [&](std::span<const int64_t> drawn) { return value_of(spec, table, drawn); }, rng,
        bootstrap_samples));
  return json;
}

Json paired_change(const MetricSpec& spec, const std::vector<ScoredItem>& before,
                   const std::vector<ScoredItem>& after, int64_t bootstrap_samples, const Rng& rng) {
  std::map<std::string, const ScoredItem*> by_id;
  for (const ScoredItem& item : before) by_id[item.id] = &item;
  const auto has_ratio = [&](const ScoredItem& item) {
    return std::any_of(spec.ratios.begin(), spec.ratios.end(),
                       [&](const std::string& name) { return item.ratios.contains(name); });
  };
  std::vector<ScoredItem> shared_before, shared_after;
  for (const ScoredItem& item : after) {
    const auto found = by_id.find(item.id);
    if (found == by_id.end() || !has_ratio(item) || !has_ratio(*found->second)) continue;
    shared_before.push_back(*found->second);
    shared_after.push_back(item);
  }
  if (shared_after.empty()) return Json();
  const Table a = table_of(spec, shared_before), b = table_of(spec, shared_after);
  const auto change = [&](std::span<const int64_t> drawn) {
    return value_of(spec, b, drawn) - value_of(spec, a, drawn);
  };
  const auto everything = all_of(a);
  return Json{
      {"before", number_or_null(value_of(spec, a, everything))},
      {"after", number_or_null(value_of(spec, b, everything))},
      {"change", number_or_null(change(everything))},
      {"ci95", interval_json(bootstrap_ci95(static_cast<int64_t>(a.size()), change, rng, bootstrap_samples))},
      {"n", a.size()}};
}

Json reduce_cell(const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                 int64_t bootstrap_samples, const Rng& rng) {
  Json unscored = Json::object();
  int64_t scored = 0;
  for (const ScoredItem& item : items) {
    if (item.unscored.empty()) {
      ++scored;
    } else {
      unscored[item.unscored] = unscored.value(item.unscored, int64_t{0}) + 1;
    }
  }
  Json metrics = Json::object();
  for (const MetricSpec& spec : specs)
    metrics[spec.name] = reduce_metric(spec, items, bootstrap_samples, rng.fork(spec.name));
  return Json{{"n_items", items.size()}, {"n_scored", scored}, {"unscored", unscored}, {"metrics", metrics}};
}

}  // namespace xlt
