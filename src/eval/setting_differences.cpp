// SPDX-License-Identifier: Apache-2.0
#include "eval/setting_differences.h"

#include <algorithm>
#include <set>

#include "xlt/base/error.h"

namespace xlt {

namespace {

Json member(const Json& object, const std::string& key) {
  return object.is_object() && object.contains(key) ? object.at(key) : Json();
}

std::set<std::string> keys_of(const Json& a, const Json& b) {
  std::set<std::string> keys;
  for (const Json* json : {&a, &b})
    if (json->is_object())
      for (const auto& [key, value] : json->items()) keys.insert(key);
  return keys;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string shown_setting(const Json& value) {
  constexpr size_t kHashShown = 12, kHashLength = 64;
  if (value.is_null()) return "not set";
  std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
  if (value.is_string() && text.size() == kHashLength) text.resize(kHashShown);
  return text.empty() ? "none" : text;
}

void SettingDifferences::add(const std::string& setting, const std::string& before, const std::string& here,
                             const std::string& cell) {
  for (Difference& known : rows_)
    if (known.setting == setting && known.before == before && known.here == here) {
      ++known.num_cells;
      return;
    }
  rows_.push_back({setting, before, here, cell, 1});
}

void SettingDifferences::add_all(const Json& before, const Json& here, const std::string& cell) {
  if (!before.is_object()) {
    add("settings", "not in its report, which an older version wrote", "written", cell);
    return;
  }
  for (const std::string& key : keys_of(before, here)) {
    const Json a = member(before, key), b = member(here, key);
    if (a == b) continue;
    if (key != "data") {
      add(key, shown_setting(a), shown_setting(b), cell);
      continue;
    }
    for (const std::string& file : keys_of(a, b))
      if (member(a, file) != member(b, file))
        add(key, file + " " + shown_setting(member(a, file)), shown_setting(member(b, file)), cell);
  }
}

SettingDifferences SettingDifferences::but_for(const std::vector<std::string>& names) const {
  SettingDifferences others;
  for (const Difference& row : rows_)
    if (!is_among(names, row.setting)) others.rows_.push_back(row);
  return others;
}

Json SettingDifferences::allowed(const std::vector<std::string>& names) const {
  Json rows = Json::array();
  for (const Difference& row : rows_)
    if (is_among(names, row.setting))
      rows.push_back({{"setting", row.setting},
                      {"baseline", row.before},
                      {"here", row.here},
                      {"n_cells", row.num_cells}});
  return rows;
}

std::string SettingDifferences::names() const {
  std::set<std::string> names;
  for (const Difference& row : rows_) names.insert(row.setting);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + name;
  return list;
}

std::string SettingDifferences::lines(const std::string& where) const {
  std::string text;
  for (const Difference& row : rows_)
    text +=
        str_cat("\n  ", row.setting, ": ", row.before, " ", where, ", ", row.here, " here (", row.first_cell,
                row.num_cells > 1 ? str_cat(" and ", row.num_cells - 1, " more") : std::string(), ")");
  return text;
}

}  // namespace xlt
