// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/collect.h"

#include "run/sweep/cell_folder.h"
#include "run/sweep/pages.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "xlt/base/file.h"
#include "xlt/base/lock.h"
#include "xlt/findings/compare.h"

namespace xlt {

namespace {

constexpr const char* kBaseName = "base";
constexpr const char* kRecord = "cells.json";  // beside a comparison: what it was made of

bool is_finished(const fs::path& folder, const SweepArm& arm) {
  return !arm.evals.empty() && std::all_of(arm.evals.begin(), arm.evals.end(), [&](const auto& eval) {
    return CellFolder(folder, eval.second).history().is_done;
  });
}

// A folder that `xlt compare` reads as one evaluation: links to those of the arm's cells.
void link_arm(const fs::path& folder, const SweepArm& arm, const fs::path& place) {
  make_folders(place);
  for (const auto& [part, id] : arm.evals) {
    std::string name = part;
    std::replace(name.begin(), name.end(), '/', '-');
    // Relative: the folder may be seen under another name elsewhere.
    fs::create_directory_symlink(fs::relative(CellFolder(folder, id).output(), place), place / name);
  }
}

struct Arms {
  std::vector<std::string> texts;  // as `xlt compare` takes them
  Json cells = Json::object();     // arm → part → id
};

Arms finished_arms(const fs::path& folder, const SweepPlan& plan, const std::string& model,
                   const fs::path& place, const Context& context) {
  std::vector<std::pair<std::string, std::string>> texts;  // name → folders
  Arms arms;
  fs::remove_all(place);  // arms that are there may be of cells that the grid no longer has
  for (const SweepArm& arm : plan.arms) {
    if (arm.model != model || arm.evals.empty()) continue;
    if (!is_finished(folder, arm)) {
      context.warn(str_cat("not everything of ", model, ", ", name_of(arm), " is done: it is left out"));
      continue;
    }
    link_arm(folder, arm, place / name_of(arm));
    arms.cells[name_of(arm)] = arm.evals;
    const std::string name = arm.recipe.empty() ? kBaseName : arm.recipe;
    if (texts.empty() || texts.back().first != name)
      texts.emplace_back(name, (place / name_of(arm)).string());
    else
      texts.back().second += "," + (place / name_of(arm)).string();
  }
  // The untouched model comes first in the plan; without it there is nothing to compare with.
  const bool has_base = !texts.empty() && texts[0].first == kBaseName;
  if (has_base && texts.size() > 1)
    for (const auto& [name, folders] : texts) arms.texts.push_back(name + "=" + folders);
  return arms;
}

bool is_made_of(const fs::path& record, const Json& cells) {
  std::error_code ignored;
  return fs::exists(record, ignored) && load_json(record) == cells;
}

// First what says that the others are there.
void remove_comparison(const fs::path& output) {
  for (const char* file : {"compare.json", "compare.csv", "compare.tex", kRecord}) fs::remove(output / file);
}

void compare_model(const fs::path& folder, const SweepPlan& plan, const std::string& model,
                   const Context& context) {
  const fs::path output = folder / "compare" / model, record = output / kRecord;
  const Arms arms = finished_arms(folder, plan, model, output / "arms", context);
  const Json made_of = {{"arms", arms.cells}, {"options", plan.compare}};
  if (!arms.texts.empty() && is_made_of(record, made_of) && fs::exists(output / "compare.json")) return;
  // Pages would show the numbers of cells that are no longer the grid's, where no others take their place.
  remove_comparison(output);
  if (arms.texts.empty()) return;
  CompareOptions options;
  read_options(visit_of(options), plan.compare, "compare");
  options.arms = arms.texts;
  options.seed = kCompareSeed;
  // Where all weights were trained, each arm is a model of its own.
  if (options.allow.empty() && std::any_of(plan.cells.begin(), plan.cells.end(), [&](const SweepCell& cell) {
        return cell.kind == "train" && cell.model == model && !cell.makes_adapter;
      }))
    options.allow = {"model"};
  write_comparison(compare(options, context), output);
  write_file(record, dump_json(made_of, 2) + "\n");
  context.info("wrote " + (output / "compare.json").string());
}

// Of models that the grid no longer has: the cells stay, what was made of them does not. A folder without
// arms or runs is somebody else's.
void remove_others(const fs::path& folder, const std::vector<std::string>& models) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "compare", ignored)) {
    const fs::path& place = entry.path();
    if (std::find(models.begin(), models.end(), place.filename().string()) != models.end()) continue;
    if (!fs::is_directory(place / "arms") && !fs::is_directory(place / "runs")) continue;
    remove_comparison(place);
    for (const char* made : {"arms", "runs", "report.html"}) fs::remove_all(place / made);
  }
}

std::unique_ptr<FileLock> wait_for_lock(const fs::path& folder, double lease, const Context& context) {
  LockAttempt attempt(folder / ".collect.xlt-lock", {"collects", folder, lease});
  while (true) {
    context.throw_if_interrupted();
    if (auto lock = attempt.try_take()) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

void collect(const fs::path& folder, const SweepPlan& plan, const Context& context) {
  const auto lock = wait_for_lock(folder, plan.lease_seconds, context);
  std::vector<std::string> models;
  for (const SweepArm& arm : plan.arms)
    if (std::find(models.begin(), models.end(), arm.model) == models.end()) models.push_back(arm.model);
  remove_others(folder, models);
  for (const std::string& model : models) {
    context.throw_if_interrupted();
    compare_model(folder, plan, model, context);
  }
  write_pages(folder, plan, context);
  lock->throw_if_lost();
}

}  // namespace xlt
