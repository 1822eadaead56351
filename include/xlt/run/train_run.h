// SPDX-License-Identifier: Apache-2.0
// One training run: inputs, model and adapter, the run's folder, training, and what is left behind.
#pragma once

#include <cstdint>
#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/dataset/record.h"
#include "xlt/run/checks.h"
#include "xlt/train/trainer.h"

namespace xlt {

struct AdapterOptions {
  std::string adapter = "auto", init_adapter;
  int64_t lora_r = 64;
  double lora_alpha = 16, lora_dropout = 0;
  bool use_rslora = false, use_dora = false;
  std::string quantize = "none";
  void visit(OptionVisitor& v);
};

struct TrainRunOptions {
  std::string model, model_config, tokenizer, data, eval_data, retain, output;
  std::string reference_cache =
      "auto";  // DIR | auto | none; here auto is none: who knows the user's cache says so
  std::string chat_template = "auto";  // of rows that hold messages
  bool resume = false;
  AdapterOptions adapter;
  DataFields fields;
  TrainerOptions trainer;
  void visit(OptionVisitor& v);  // its own fields; the parts have their own
};

// Writes RUN/run.json, trains (RUN/metrics.jsonl, RUN/checkpoints/), then writes RUN/adapter or RUN/model,
// and returns the summary that run.json ends with. `config`: every resolved option, as echoed in run.json. A
// RUN that was stopped goes on where it was when the options are the same; one that is finished returns its
// summary at once. Throws kUsage for options that do not go together and for a RUN made otherwise,
// kInterrupted (state saved) after Ctrl-C.
Json run_training(const TrainRunOptions& options, const Placement& where, uint64_t seed, const Json& config,
                  const Context& context);

// Opens what the run would read, without training; for `xlt validate`.
void check_training(const TrainRunOptions& options, Checks& checks);

}  // namespace xlt
