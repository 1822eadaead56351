// SPDX-License-Identifier: Apache-2.0
// The rows of a job, tokenised and split, and their order.
#pragma once

#include "train/data_order.h"
#include "train/loss.h"
#include "train/train_row.h"

#include <vector>

#include "xlt/base/context.h"
#include "xlt/train/trainer.h"

namespace xlt {

struct TrainingData {
  std::vector<TrainRow> train, test;
  std::vector<std::vector<TrainRow>> further;  // of the sets after the first, in the order of Loss::row_sets
};
// Throws kData where nothing is left to train or evaluate on, kUsage for a set that the job has no rows of.
TrainingData prepare_data(const TrainJob& job, const TrainerOptions& options, const Loss& loss,
                          const Context& context);

// Tokens of the data in a row: pads before a text are none.
int64_t num_data_tokens(const TrainRow& row, const TrainJob& job, const TrainerOptions& options);

// Not a set whose rows are compared with their neighbours, which they then keep.
bool is_shuffled(const TrainerOptions& options, const Loss& loss, size_t set);
// Whether a step of as many rows is the same step whatever batches it is cut into: not where a batch's rows
// are compared with one another, or where batches are left out.
bool may_cut_steps_anew(const TrainerOptions& options, const Loss& loss);
// Of all ranks together.
int64_t micro_batches_per_step(const TrainJob& job, const TrainerOptions& options);
// In which rows of set number `set` are taken.
DataOrder order_of(const TrainJob& job, const TrainerOptions& options, const Loss& loss, size_t set,
                   const std::vector<TrainRow>& rows);

}  // namespace xlt
