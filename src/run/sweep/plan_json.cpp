// SPDX-License-Identifier: Apache-2.0
// plan.json and what `--dry-run` prints.
#include "run/sweep/plan.h"

#include "xlt/base/json_or_null.h"

namespace xlt {

namespace {

Json json_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::optional<int64_t> seed_at(const JsonView& view) {
  return view.has("seed") ? std::optional(view.at("seed").as_int()) : std::nullopt;
}

SweepCell cell_from_json(const JsonView& view) {
  SweepCell cell;
  cell.id = view.at("id").as_string();
  cell.kind = view.at("kind").as_string();
  cell.model = view.at("model").as_string();
  cell.recipe = view.get("recipe", "");
  cell.seed = seed_at(view);
  cell.part = view.at("part").as_string();
  cell.needs = view.at("needs").as_strings();
  cell.config = view.at("config").value();
  cell.makes_adapter = view.at("makes_adapter").as_bool();
  for (const char* key : {"num_tokens", "seconds", "memory_bytes", "disk_bytes"})
    cell.estimate[key] = view.value().value(key, Json());  // null where it is not known
  return cell;
}

}  // namespace

Json cell_row(const SweepCell& cell) {
  Json row = {{"id", cell.id},
              {"kind", cell.kind},
              {"model", cell.model},
              {"recipe", json_or_null(cell.recipe)},
              {"seed", json_or_null(cell.seed)},
              {"part", cell.part},
              {"needs", cell.needs}};
  for (const char* key : {"num_tokens", "seconds", "memory_bytes", "disk_bytes"})
    row[key] = cell.estimate.value(key, Json());
  return row;
}

Json to_json(const SweepPlan& plan) {
  Json cells = Json::array(), arms = Json::array();
  for (const SweepCell& cell : plan.cells) {
    Json row = cell_row(cell);
    row["makes_adapter"] = cell.makes_adapter;
    row["config"] = cell.config;
    cells.push_back(std::move(row));
  }
  for (const SweepArm& arm : plan.arms) {
    Json evals = Json::object();
    for (const auto& [part, id] : arm.evals) evals[part] = id;
    arms.push_back({{"model", arm.model},
                    {"recipe", json_or_null(arm.recipe)},
                    {"seed", json_or_null(arm.seed)},
                    {"evals", evals}});
  }
  return {{"grid_hash", plan.grid_hash},
          {"lease_seconds", plan.lease_seconds},
          {"compare", plan.compare},
          {"machine", plan.machine},
          {"arms", arms},
          {"cells", cells}};
}

SweepPlan plan_from_json(const Json& json, const std::string& where) {
  const JsonView view(json, where);
  SweepPlan plan;
  plan.grid_hash = view.at("grid_hash").as_string();
  plan.lease_seconds = view.at("lease_seconds").as_double();
  plan.compare = view.at("compare").value();
  plan.machine = view.at("machine").value();
  for (size_t i = 0; i < view.at("cells").size(); ++i)
    plan.cells.push_back(cell_from_json(view.at("cells").at(i)));
  for (size_t i = 0; i < view.at("arms").size(); ++i) {
    const JsonView one = view.at("arms").at(i);
    SweepArm arm{one.at("model").as_string(), one.get("recipe", ""), seed_at(one), {}};
    for (const std::string& part : one.at("evals").keys())
      arm.evals[part] = one.at("evals").at(part).as_string();
    plan.arms.push_back(std::move(arm));
  }
  return plan;
}

}  // namespace xlt
