// SPDX-License-Identifier: Apache-2.0
#include "eval/scored_item.h"

#include "xlt/base/json_or_null.h"

namespace xlt {

namespace {

// {"ratios": {name: [numerator, denominator]}, "absent"?, "unscored"?}
template <typename Measured>
void write_measures(Json& json, const Measured& measured) {
  Json ratios = Json::object();
  for (const auto& [name, ratio] : measured.ratios)
    ratios[name] = Json::array({ratio.numerator, ratio.denominator});
  json["ratios"] = std::move(ratios);
  for (const auto& [name, reason] : measured.absent) json["absent"][name] = reason.text();
  if (!measured.unscored.empty()) json["unscored"] = measured.unscored.text();
}

template <typename Measured>
void read_measures(const Json& json, Measured& measured) {
  for (const auto& [name, ratio] : json.at("ratios").items())
    measured.ratios[name] = {ratio.at(0).template get<double>(), ratio.at(1).template get<double>()};
  if (json.contains("absent"))
    for (const auto& [name, reason] : json.at("absent").items())
      measured.absent[name] = parse_unscored(reason.template get<std::string>());
  measured.unscored = parse_unscored(json.value("unscored", ""));
}

}  // namespace

Json item_to_json(const ScoredItem& item) {
  Json json{{"id", item.id}};
  if (item.detail)
    for (const auto& [key, value] : item.detail->items()) json[key] = value;
  write_measures(json, item);
  for (const auto& [scorer, part] : item.by_scorer) {
    Json& row = json["by_scorer"][scorer];
    write_measures(row, part);
    for (const auto& score : part.scores) row["scores"].push_back(json_or_null(score));
  }
  return json;
}

ScoredItem item_from_json(const Json& json) {
  ScoredItem item{json.at("id").get<std::string>()};
  read_measures(json, item);
  if (json.contains("by_scorer"))
    for (const auto& [scorer, row] : json.at("by_scorer").items()) {
      ScorerPart& part = item.by_scorer[scorer];
      read_measures(row, part);
      if (!row.contains("scores")) continue;
      for (const Json& score : row.at("scores"))
        part.scores.push_back(score.is_number() ? std::optional(score.get<double>()) : std::nullopt);
    }
  return item;
}

std::vector<ScoredItem> items_under(const std::string& scorer, const std::vector<ScoredItem>& items) {
  std::vector<ScoredItem> views;
  for (const ScoredItem& item : items) {
    ScoredItem& view = views.emplace_back(item);
    view.by_scorer.clear();
    const auto part = item.by_scorer.find(scorer);
    if (part == item.by_scorer.end()) continue;
    view.ratios.insert(part->second.ratios.begin(), part->second.ratios.end());
    view.absent.insert(part->second.absent.begin(), part->second.absent.end());
    if (view.unscored.empty()) view.unscored = part->second.unscored;
  }
  return views;
}

}  // namespace xlt
