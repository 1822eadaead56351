// SPDX-License-Identifier: Apache-2.0
// One training run: inputs, model and adapter, the run's folder, training, and what is left behind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/dataset/record.h"
#include "xlt/run/checks.h"
#include "xlt/train/trainer.h"

namespace xlt {

class World;

struct AdapterOptions {
  std::string adapter = "auto", init_adapter;
  int64_t lora_r = 64;
  double lora_alpha = 16, lora_dropout = 0;
  bool use_rslora = false, use_dora = false;
  std::string quantize = "none";
  void visit(OptionVisitor& v);
};

// What is looked at, at each evaluation.
struct WatchOptions {
  std::vector<std::string> monitor;  // LANG=FILE
  std::string probe_prompts;
  std::vector<std::string> scorer;
  int64_t probe_samples = 4;
  void visit(OptionVisitor& v);
};

struct TrainRunOptions {
  std::string recipe, recipe_mode = "corrected";  // run/recipe.h; corrected | paper
  std::string model, model_config, tokenizer, data, eval_data, retain, output;
  std::string reference_cache =
      "auto";  // DIR | auto | none; here auto is none: who knows the user's cache says so
  std::string chat_template = "auto";  // of rows that hold messages
  bool resume = false, dry_run = false;
  AdapterOptions adapter;
  DataFields fields;
  WatchOptions watch;
  TrainerOptions trainer;
  std::vector<Placement> devices = {};  // not visited: --device-map; empty: where the caller says
  void visit(OptionVisitor& v);         // its own fields; the parts have their own
};

// Writes RUN/run.json, trains (RUN/metrics.jsonl, RUN/checkpoints/), then writes RUN/adapter or RUN/model,
// and returns the summary that run.json ends with. `config`: every resolved option, as echoed in run.json. A
// RUN that was stopped goes on where it was when the options are the same; one that is finished returns its
// summary at once. Throws kUsage for options that do not go together and for a RUN made otherwise,
// kInterrupted (state saved) after Ctrl-C. With several ranks (`world`; null: this process alone) rank 0
// reads and writes RUN, and all throw what one throws; kUsage also where they were given different options or
// files.
Json run_training(const TrainRunOptions& options, const Placement& where, uint64_t seed, const Json& config,
                  const Context& context, World* world = nullptr);

// What the run would be, without training: rows, tokens, steps, parameters, memory, seconds, in one
// object. Writes nothing but scratch files. Makes a few of the run's steps to measure memory and
// seconds, where the model fits in this machine's memory; else seconds are null, with the reason, and memory
// is reckoned.
Json dry_run_training(const TrainRunOptions& options, const Placement& where, uint64_t seed,
                      const Json& config, const Context& context);

// Two lines for who sat by: what happened, by the summary that run_training returned, and what to run next.
std::string after_training(const TrainRunOptions& options, const Json& summary);

// Opens what the run would read, without training; for `xlt validate`.
void check_training(const TrainRunOptions& options, Checks& checks);

}  // namespace xlt
