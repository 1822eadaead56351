// SPDX-License-Identifier: Apache-2.0
// `xlt train --dry-run`: what a training takes, measured by a few of its steps where the model fits here,
// reckoned from its sizes where it does not.
#pragma once

#include <string>

#include "xlt/base/context.h"
#include "xlt/base/json.h"
#include "xlt/base/placement.h"
#include "xlt/models/decoder_footprint.h"
#include "xlt/run/train_run.h"
#include "xlt/train/memory_estimate.h"
#include "xlt/train/training_cost.h"

namespace xlt {

class DryRun {
 public:
  // Made when data and tokenizer are there, and the model is not: what is held then is the program's own.
  DryRun(const TrainRunOptions& options, const Placement& where);
  // Why no step can be made on this machine; empty: it can.
  std::string why_not_measured() const;
  void reckon(const TrainPlan& plan, const std::string& reason);
  // With the job's decoder.
  void measure(const TrainJob& job, const Context& context);
  Json to_json(const Json& config) const;

 private:
  DecoderFootprint footprint() const;
  // As train/memory_estimate.h has it, of a micro-batch of so many tokens; num_labels 0: most may be.
  MemoryEstimate reckoned(int64_t num_tokens, int64_t num_labels) const;

  const TrainRunOptions& options_;
  Placement where_;
  int64_t program_bytes_;  // code, tokenizer and rows: what this process held before the model
  int64_t num_trainable_ = 0;
  TrainCost cost_;
  MemoryEstimate memory_;
  int64_t activation_bytes_ = 0;  // measured where they can be
  std::string reason_;            // why seconds are not measured
};

}  // namespace xlt
