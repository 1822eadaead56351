// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/plan_change.h"

#include "run/sweep/cell_folder.h"
#include "run/sweep/worker.h"

#include <algorithm>
#include <set>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/join.h"

namespace xlt {

namespace {

constexpr size_t kMostShown = 3;

bool is_same_place(const SweepCell& a, const SweepCell& b) {
  return a.kind == b.kind && a.model == b.model && a.recipe == b.recipe && a.seed == b.seed &&
         a.part == b.part;
}

std::string option_text(const Json& config, const std::string& key) {
  return config.contains(key) ? dump_json(config.at(key)) : "not given";
}

// "learning_rate 0.001, now 0.002"
std::string differences(const SweepCell& before, const SweepCell& after) {
  std::set<std::string> keys;
  for (const Json* config : {&before.config, &after.config})
    for (const auto& [key, value] : config->items()) keys.insert(key);
  std::string text;
  for (const std::string& key : keys) {
    const std::string was = option_text(before.config, key), is = option_text(after.config, key);
    if (was != is) append_item(text, str_cat(key, " ", was, ", now ", is), "; ");
  }
  if (!text.empty()) return text;
  return before.needs == after.needs ? "other contents of the files that it reads"
                                     : "it would follow another training";
}

std::string what_became_of(const SweepCell& cell, const SweepPlan& after) {
  const auto found = std::find_if(after.cells.begin(), after.cells.end(),
                                  [&](const SweepCell& other) { return is_same_place(cell, other); });
  return describe(cell) + ": " + (found == after.cells.end() ? "not in the grid" : differences(cell, *found));
}

}  // namespace

void check_plan_change(const std::filesystem::path& folder, const SweepPlan& before, const SweepPlan& after) {
  std::set<std::string> kept;
  for (const SweepCell& cell : after.cells) kept.insert(cell.id);
  std::vector<const SweepCell*> lost;
  for (const SweepCell& cell : before.cells) {
    if (kept.contains(cell.id)) continue;
    const CellFolder one(folder, cell.id);
    if (one.history().is_done || one.is_claimed()) lost.push_back(&cell);
  }
  if (lost.empty()) return;
  std::string text = join(std::span(lost).first(std::min(kMostShown, lost.size())), " · ",
                          [&](const SweepCell* cell) { return what_became_of(*cell, after); });
  if (lost.size() > kMostShown) text += str_cat(" · and ", lost.size() - kMostShown, " more");
  throw Error(ErrorKind::kUsage,
              str_cat(lost.size(), lost.size() == 1 ? " cell" : " cells",
                      " that this folder has done or is doing would leave its results: ", text,
                      ". A grid may grow; for another one give another --output, or --replace to keep what "
                      "both have"),
              folder.string());
}

}  // namespace xlt
