// SPDX-License-Identifier: Apache-2.0
// Where a training stands; what a checkpoint holds besides tensors.
#pragma once

#include "train/loss_scale.h"
#include "train/metrics.h"

#include <cstdint>
#include <limits>

namespace xlt {

// Where training stands after `step` optimizer steps. Data order and dropout follow from the seed and the
// step alone.
struct TrainState {
  int64_t step = 0, num_tokens = 0;
  double seconds = 0, last_loss = 0;
  int64_t evaluated_step = 0;  // the last step with an evaluation; 0: none
  int64_t best_step = 0;
  double best_eval_loss = std::numeric_limits<double>::quiet_NaN();
  int64_t evaluations_without_improvement = 0;
  MetricSums since_log;
  LossScaleState loss_scale;  // of float16
};

Json to_json(const TrainState& state);
TrainState train_state_from_json(const JsonView& view);  // throws as the view does

}  // namespace xlt
