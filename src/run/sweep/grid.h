// SPDX-License-Identifier: Apache-2.0
// The file that `xlt sweep` is given, read and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/run/sweep.h"

namespace xlt {

struct GridModel {
  std::string name, model;
  Json train = Json::object(), eval = Json::object();  // options that win over all others, laid flat
  std::optional<std::vector<std::string>> recipes;     // names; nothing: all
  std::vector<std::string> without_benchmarks;
};

struct GridRecipe {
  std::string name;
  Json train;
  std::optional<std::vector<std::string>> benchmarks;  // those that its arms are evaluated on; nothing: all
};

enum class EvalSplit { kNone, kBenchmark, kLanguage };

struct SlurmOptions {
  Json sbatch = Json::object();  // long option → value, true or a list
  std::vector<std::string> setup;
  int64_t throttle = 0;  // tasks of an array at a time; 0: no limit
};

// What the estimates of `--dry-run` rest on; 0: measured on this machine.
struct MachineRates {
  double tflops = 0, tb_per_s = 0, efficiency = 1;
};

struct Grid {
  std::string file;
  std::vector<GridModel> models;
  std::vector<GridRecipe> recipes;
  std::vector<int64_t> seeds;
  std::vector<Json> evals;  // laid flat; empty: nothing is evaluated
  Json compare = Json::object();
  EvalSplit split = EvalSplit::kNone;
  double lease_seconds = 60;
  SlurmOptions slurm;
  MachineRates machine;
};

// Throws kConfig naming the place.
Grid read_grid(const std::string& file, const SweepTools& tools);

// `config` as given, with sections laid flat, after it was read as options of `command`. → {given, resolved}
// is_whole: nothing will be laid over it, so that its options must go together.
struct ResolvedConfig {
  Json given, resolved;
};
ResolvedConfig resolve_config(const SweepTools& tools, const std::string& command, const Json& config,
                              const std::string& where, bool is_whole = false);

}  // namespace xlt
