// SPDX-License-Identifier: Apache-2.0
#include "eval/baseline.h"

#include "eval/cell_store.h"

#include <algorithm>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

// One setting that differs, with its values, and the cells where it does so.
struct Difference {
  std::string setting, before, here, first_cell;
  int64_t num_cells = 0;
};

// A value as people read it; a hash by its beginning.
std::string shown(const Json& value) {
  constexpr size_t kHashShown = 12, kHashLength = 64;
  if (value.is_null()) return "not set";
  std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
  if (value.is_string() && text.size() == kHashLength) text.resize(kHashShown);
  return text.empty() ? "none" : text;
}

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

class Differences {
 public:
  void add(const std::string& setting, const std::string& before, const std::string& here,
           const std::string& cell) {
    for (Difference& known : rows_)
      if (known.setting == setting && known.before == before && known.here == here) {
        ++known.num_cells;
        return;
      }
    rows_.push_back({setting, before, here, cell, 1});
  }

  // Of two cells' settings; of "data", file by file.
  void add_all(const Json& before, const Json& here, const std::string& cell) {
    if (!before.is_object()) {
      add("settings", "not in its report, which an older version wrote", "written", cell);
      return;
    }
    for (const std::string& key : keys_of(before, here)) {
      const Json a = member(before, key), b = member(here, key);
      if (a == b) continue;
      if (key != "data") {
        add(key, shown(a), shown(b), cell);
        continue;
      }
      for (const std::string& file : keys_of(a, b))
        if (member(a, file) != member(b, file))
          add(key, file + " " + shown(member(a, file)), shown(member(b, file)), cell);
    }
  }

  Json allowed(const std::vector<std::string>& names) const {
    Json rows = Json::array();
    for (const Difference& row : rows_)
      if (is_among(names, row.setting))
        rows.push_back({{"setting", row.setting},
                        {"baseline", row.before},
                        {"here", row.here},
                        {"n_cells", row.num_cells}});
    return rows;
  }

  // A line a difference that is not allowed; empty: there is none.
  std::string refused(const std::vector<std::string>& names) const {
    std::string text;
    std::set<std::string> refused;
    for (const Difference& row : rows_) {
      if (is_among(names, row.setting)) continue;
      refused.insert(row.setting);
      text += str_cat("\n  ", row.setting, ": ", row.before, " in the baseline, ", row.here, " here (",
                      row.first_cell,
                      row.num_cells > 1 ? str_cat(" and ", row.num_cells - 1, " more") : std::string(), ")");
    }
    if (refused.empty()) return "";
    std::string list;
    for (const std::string& name : refused) list += (list.empty() ? "" : ",") + name;
    return str_cat(
        "was made with other settings; evaluate both with the same ones, or let these pass with "
        "--allow ",
        list, ":", text);
  }

 private:
  static bool is_among(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  std::vector<Difference> rows_;
};

void check_names(const std::vector<std::string>& allowed, const std::vector<Cell>& cells) {
  std::set<std::string> known{"settings"};
  for (const Cell& cell : cells)
    for (const auto& [key, value] : cell.settings.items()) known.insert(key);
  for (const std::string& name : allowed)
    if (!known.contains(name)) throw_unknown_name("setting (--allow)", name, {known.begin(), known.end()});
}

}  // namespace

Baseline::Baseline(fs::path folder) : folder_(std::move(folder)) {
  const fs::path file = folder_ / "report.json";
  const Json report = load_json(file);
  const JsonView cells = JsonView(report, file.string()).at("cells");
  for (size_t i = 0; i < cells.size(); ++i) {
    const JsonView cell = cells.at(i);
    settings_[{cell.at("benchmark").as_string(), cell.at("language").as_string(),
               cell.at("scoring").as_string(), cell.get("scorer", "")}] = member(cell.value(), "settings");
  }
}

Baseline::Name Baseline::name_of_cell(const Cell& cell) {
  return {cell.benchmark, cell.language, name_of(cell.scoring), cell.scorer};
}

Json Baseline::check(const std::vector<Cell>& cells, const std::vector<std::string>& allowed) const {
  check_names(allowed, cells);
  Differences differences;
  for (const Cell& cell : cells)
    if (const auto found = settings_.find(name_of_cell(cell)); found != settings_.end())
      differences.add_all(found->second, cell.settings, cell.benchmark + " " + cell.language);
  if (const std::string refused = differences.refused(allowed); !refused.empty())
    throw Error(ErrorKind::kConfig, refused, "--baseline " + folder_.string());
  return differences.allowed(allowed);
}

std::string Baseline::why_not(const Cell& cell) const {
  if (!settings_.contains(name_of_cell(cell))) return "the baseline's report has no such cell";
  return fs::exists(items_file(folder_, cell.benchmark, cell.language)) ? "" : "the baseline has no items";
}

std::vector<ScoredItem> Baseline::items(const Cell& cell) const {
  const auto items = read_items(items_file(folder_, cell.benchmark, cell.language));
  return cell.scorer.empty() ? items : items_under(cell.scorer, items);
}

}  // namespace xlt
