// SPDX-License-Identifier: Apache-2.0
#include "eval/baseline.h"

#include "eval/cell_store.h"
#include "eval/setting_differences.h"

#include <algorithm>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

// Of both sides: one may have a setting that the other lacks.
void check_names(const std::vector<std::string>& allowed, const std::vector<const Json*>& settings) {
  std::set<std::string> known{"settings"};
  for (const Json* one : settings)
    if (one->is_object())
      for (const auto& [key, value] : one->items()) known.insert(key);
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
               cell.at("scoring").as_string(), cell.get("scorer", "")}] =
        cell.value().value("settings", Json());
  }
}

Baseline::Name Baseline::name_of_cell(const Cell& cell) {
  return {cell.benchmark, cell.language, name_of(cell.scoring), cell.scorer};
}

Json Baseline::check(const std::vector<Cell>& cells, const std::vector<std::string>& allowed) const {
  std::vector<const Json*> all;
  for (const Cell& cell : cells) all.push_back(&cell.settings);
  for (const auto& [name, settings] : settings_) all.push_back(&settings);
  check_names(allowed, all);
  SettingDifferences differences;
  for (const Cell& cell : cells)
    if (const auto found = settings_.find(name_of_cell(cell)); found != settings_.end())
      differences.add_all(found->second, cell.settings, cell.benchmark + " " + cell.language);
  const SettingDifferences refused = differences.but_for(allowed);
  if (!refused.empty())
    throw Error(ErrorKind::kConfig,
                str_cat("was made with other settings; evaluate both with the same ones, or let these pass "
                        "with --allow ",
                        refused.names(), ":", refused.lines("in the baseline")),
                "--baseline " + folder_.string());
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
