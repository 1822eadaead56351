// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/status.h"

#include "run/sweep/cell_folder.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "xlt/base/file.h"

namespace xlt {

namespace {

struct Sum {
  double value = 0;
  int64_t unknown = 0;
  void add(const Json& one) {
    if (one.is_number())
      value += one.get<double>();
    else
      ++unknown;
  }
};

// By model, recipe and seed, in the order of the plan.
std::string arm_of(const Json& row) {
  std::string arm = row.contains("sweep") ? row.at("sweep").get<std::string>() + ": " : "";
  arm += row.at("model").get<std::string>();
  arm += row.at("recipe").is_null() ? " untouched" : " " + row.at("recipe").get<std::string>();
  return row.at("seed").is_null() ? arm : arm + " seed " + std::to_string(row.at("seed").get<int64_t>());
}

Json arms_of(const Json& cells) {
  std::vector<std::pair<std::string, Sum>> arms;
  std::map<std::string, size_t> places;
  for (const Json& row : cells) {
    const std::string name = arm_of(row);
    const auto [found, is_new] = places.try_emplace(name, arms.size());
    if (is_new) arms.push_back({name, {}});
    arms[found->second].second.add(row.at("seconds"));
  }
  Json result = Json::array();
  for (const auto& [name, sum] : arms)
    result.push_back({{"arm", name}, {"seconds", sum.unknown ? Json() : Json(sum.value)}});
  return result;
}

Json totals_of(const Json& cells, const Json& machine) {
  Json totals = {{"cells", cells.size()}};
  for (const char* kind : {"train", "eval"})
    totals[kind] =
        std::count_if(cells.begin(), cells.end(), [&](const Json& row) { return row.at("kind") == kind; });
  for (const char* key : {"num_tokens", "seconds", "disk_bytes"}) {
    Sum sum;
    for (const Json& row : cells) sum.add(row.at(key));
    totals[key] = sum.value;
    if (sum.unknown > 0) totals[std::string(key) + "_unknown"] = sum.unknown;
  }
  double memory = 0;
  for (const Json& row : cells)
    if (row.at("memory_bytes").is_number()) memory = std::max(memory, row.at("memory_bytes").get<double>());
  totals["memory_bytes"] = memory;  // of the largest cell
  totals["machine"] = machine;
  totals["arms"] = arms_of(cells);
  return totals;
}

const char* state_of(const CellFolder& folder, const CellHistory& history) {
  if (history.is_done) return "done";
  if (folder.is_claimed()) return "running";
  return history.last_event == "failed" ? "failed" : "waiting";
}

// Of cells that take about as long: of one kind, and of one of a lab's sweeps.
std::string pace_of(const Json& row) {
  return row.value("sweep", "") + " " + row.at("kind").get<std::string>();
}

// What is left, at the pace of what is done: measured seconds a cell of its kind, spread over those that run.
Json seconds_left(const Json& cells) {
  std::map<std::string, std::pair<double, int64_t>> done;
  int64_t running = 0;
  for (const Json& row : cells) {
    running += row.at("state") == "running" ? 1 : 0;
    if (row.at("state") != "done") continue;
    auto& [seconds, count] = done[pace_of(row)];
    seconds += row.at("took_seconds").get<double>();
    ++count;
  }
  double left = 0;
  for (const Json& row : cells) {
    if (row.at("state") == "done" || row.at("state") == "failed") continue;
    const auto found = done.find(pace_of(row));
    if (found == done.end()) return nullptr;  // nothing of its kind was measured yet
    left += found->second.first / static_cast<double>(found->second.second);
  }
  if (left == 0) return 0;
  return running == 0 ? Json() : Json(left / static_cast<double>(running));
}

std::string duration(const Json& seconds) {
  if (!seconds.is_number()) return "not known yet";
  const auto whole = static_cast<int64_t>(seconds.get<double>() + 0.5);
  if (whole < 100) return str_cat(whole, " s");
  if (whole < 6000) return str_cat(whole / 60, " min");
  return str_cat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

// The rows of a sweep's cells, each with its state. → what its estimates rest on
Json add_cells(const fs::path& folder, Json& cells) {
  const fs::path file = folder / "plan.json";
  const SweepPlan plan = plan_from_json(load_json(file), file.string());
  for (const SweepCell& cell : plan.cells) {
    const CellFolder one(folder, cell.id);
    const CellHistory history = one.history();
    Json row = cell_row(cell);
    const char* state = state_of(one, history);
    row["state"] = state;
    row["starts"] = history.num_starts;
    row["took_seconds"] = history.is_done ? Json(history.seconds) : Json();
    if (row["state"] == "failed") row["message"] = history.message;
    cells.push_back(std::move(row));
  }
  return plan.machine;
}

// The sweeps that a folder holds: itself, or the two of a lab's, the second of which is planned when the
// first is done.
std::vector<std::string> sweeps_in(const fs::path& folder) {
  std::error_code ignored;
  std::vector<std::string> names;
  if (fs::exists(folder / "plan.json", ignored)) return {"."};
  if (fs::exists(folder / "design.json", ignored))
    for (const char* name : {"pretraining", "finetuning"})
      if (fs::exists(folder / name / "plan.json", ignored)) names.emplace_back(name);
  if (names.empty())
    throw Error(ErrorKind::kIo,
                "no plan.json is there; expected the folder of a sweep, or of a lab whose worlds are made",
                folder.string());
  return names;
}

}  // namespace

Json sweep_plan_json(const SweepPlan& plan) {
  Json cells = Json::array();
  for (const SweepCell& cell : plan.cells) cells.push_back(cell_row(cell));
  Json totals = totals_of(cells, plan.machine);
  return {{"cells", std::move(cells)}, {"totals", std::move(totals)}};
}

Json sweep_status(const fs::path& folder) {
  Json cells = Json::array(), counts = Json::object(), machine;
  const std::vector<std::string> sweeps = sweeps_in(folder);
  for (const std::string& name : sweeps) {
    const size_t first = cells.size();
    machine = add_cells(folder / name, cells);
    if (name != ".")
      for (size_t i = first; i < cells.size(); ++i) cells[i]["sweep"] = name;
  }
  for (const char* state : {"waiting", "running", "done", "failed"})
    counts[state] =
        std::count_if(cells.begin(), cells.end(), [&](const Json& row) { return row.at("state") == state; });
  Json totals = totals_of(cells, machine);
  if (sweeps.front() == "pretraining" && sweeps.size() == 1)
    totals["not_planned"] = Json::array({"finetuning"});  // when the models are there
  totals["states"] = counts;
  totals["seconds_left"] = seconds_left(cells);
  return {{"cells", std::move(cells)}, {"totals", std::move(totals)}};
}

std::string sweep_status_table(const Json& status) {
  std::vector<std::pair<std::string, std::map<std::string, int64_t>>> arms;
  std::ostringstream text, failures;
  std::map<std::string, size_t> places;
  size_t width = 3;
  for (const Json& row : status.at("cells")) {
    const std::string name = arm_of(row);
    const auto [found, is_new] = places.try_emplace(name, arms.size());
    if (is_new) arms.push_back({name, {}});
    ++arms[found->second].second[row.at("state").get<std::string>()];
    width = std::max(width, name.size());
    if (row.at("state") == "failed")
      failures << "failed: " << name << " " << row.at("part").get<std::string>() << " ("
               << row.at("id").get<std::string>() << "): " << row.at("message").get<std::string>() << "\n";
  }
  const auto pad = [&](const std::string& word, size_t to) {
    text << word << std::string(to > word.size() ? to - word.size() : 0, ' ');
  };
  pad("arm", width + 2);
  for (const char* state : {"waiting", "running", "done", "failed"}) pad(state, 9);
  text << "\n";
  for (auto& [name, counts] : arms) {
    pad(name, width + 2);
    for (const char* state : {"waiting", "running", "done", "failed"}) pad(std::to_string(counts[state]), 9);
    text << "\n";
  }
  const Json& totals = status.at("totals");
  text << totals.at("states").at("done").get<int64_t>() << " of " << status.at("cells").size()
       << " cells done; left: " << duration(totals.at("seconds_left")) << "\n"
       << failures.str();
  if (totals.contains("not_planned")) text << "the finetuning is planned when the pretraining is done\n";
  return text.str();
}

}  // namespace xlt
