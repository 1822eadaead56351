// SPDX-License-Identifier: Apache-2.0
// How large a training is, and how long it takes on this machine, found out without training.
#pragma once

#include <cstdint>
#include <optional>

#include "xlt/train/trainer.h"

namespace xlt {

struct TrainPlan {
  int64_t num_train_rows = 0, num_eval_rows = 0;  // after split and caps
  int64_t num_tokens = 0;                         // of the training rows, one epoch
  int64_t steps_per_epoch = 0, total_steps = 0;
  int64_t num_evaluations = 0;
  // Tokens of the longest micro-batch, and labels of the one with most, of the first epoch.
  int64_t most_tokens = 0, most_labels = 0;
};

// Tokenises and counts; the job needs no decoder.
TrainPlan plan_training(const TrainJob& job, const TrainerOptions& options, const Context& context);

struct TrainCost {
  TrainPlan plan;
  // Of the whole training, checkpoints and the first look at the reference's weights not counted; as if no
  // early stopping came.
  double seconds = 0;
  int64_t num_trainable = 0;  // numbers that are trained
};

// Makes some of the training's own steps, the longest and others between the shortest and it, and an
// evaluation of some rows, and counts up. The decoder's adapter (or weights) and the optimizer's state are
// spoiled: what the memory of this process then was at most is what the training takes. Writes below
// job.output and job.reference_cache, which should be scratch folders. At least two steps; no more after
// `most_seconds`.
TrainCost measure_training(const TrainJob& job, const TrainerOptions& options, double most_seconds,
                           const Context& context);

}  // namespace xlt
