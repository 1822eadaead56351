// SPDX-License-Identifier: Apache-2.0
// A grid as cells that depend on each other.
#pragma once

#include "run/sweep/grid.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

struct SweepCell {
  std::string id;      // 16 hex digits of the hash of its resolved options and of the contents that they name
  std::string kind;    // "train", "eval"
  std::string model;   // its name in the grid
  std::string recipe;  // empty: the untouched model
  std::optional<int64_t> seed;
  std::string part;                // which share of the evaluation: "eval", "rtp_lx", "rtp_lx/fr"
  std::vector<std::string> needs;  // ids
  Json config = Json::object();    // options as given; what earlier cells make is added when it runs
  bool makes_adapter = false;      // train: output/adapter, else output/model
  Json estimate = Json::object();  // num_tokens, seconds, memory_bytes, disk_bytes
};

// Evaluations of one model after one recipe and seed, or untouched.
struct SweepArm {
  std::string model, recipe;
  std::optional<int64_t> seed;
  std::map<std::string, std::string> evals;  // part → id
};

std::string name_of(const SweepArm& arm);  // "base", "dpo-42"

struct SweepPlan {
  std::vector<SweepCell> cells;  // each once, a cell behind those it needs
  std::vector<SweepArm> arms;    // of each model the untouched one first
  Json compare = Json::object();
  double lease_seconds = 60;
  std::string grid_hash;          // of the file that it was made from
  Json machine = Json::object();  // what the estimates rest on
  // By whole id, or its beginning. Throws kUsage.
  const SweepCell& find(const std::string& id) const;
};

// Reads the grid and everything that its cells would read. Throws kConfig, kData, kIo, kCheckpoint.
SweepPlan make_sweep_plan(const Grid& grid, const SweepTools& tools, const Context& context);

// plan.json, both ways. Throws kData where it is none.
Json to_json(const SweepPlan& plan);
SweepPlan plan_from_json(const Json& json, const std::string& where);
// The row of a cell in what people and scripts are shown.
Json cell_row(const SweepCell& cell);

}  // namespace xlt
