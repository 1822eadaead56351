// SPDX-License-Identifier: Apache-2.0
#include "eval/setting_differences.h"

#include <algorithm>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json_or_null.h"

namespace xlt {

namespace {

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
  for (const std::string& key : keys_of_either(before, here)) {
    const Json a = value_or_null(before, key), b = value_or_null(here, key);
    if (a == b) continue;
    if (key != "data") {
      add(key, shown_setting(a), shown_setting(b), cell);
      continue;
    }
    for (const std::string& file : keys_of_either(a, b))
      if (value_or_null(a, file) != value_or_null(b, file))
        add(key, file + " " + shown_setting(value_or_null(a, file)), shown_setting(value_or_null(b, file)),
            cell);
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
  return join(names, ",");
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
