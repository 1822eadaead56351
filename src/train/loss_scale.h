// SPDX-License-Identifier: Apache-2.0
// Training in float16, whose smallest number is 6e-8: the loss is multiplied by a large factor before the
// backward pass, so that small gradients are not lost, and the gradients are divided by it after
// (Micikevicius et al. 2018, "Mixed Precision Training", arXiv 1710.03740, section 3.2). The factor is
// torch.amp.GradScaler's: a step whose gradients are not finite is left out and halves it, 2000 steps in a
// row without one double it.
#pragma once

#include "train/optimizer.h"

#include <cstdint>
#include <vector>

namespace xlt {

// Part of a checkpoint.
struct LossScaleState {
  double factor = 65536;
  int64_t steps_in_a_row = 0;
};

class LossScale {
 public:
  // `is_on`: else the factor is 1, and nothing is done. Borrows `state`.
  LossScale(LossScaleState& state, bool is_on) : state_(state), is_on_(is_on) {}

  at::Tensor scaled(const at::Tensor& loss) const;
  void unscale(const std::vector<TrainedTensor>& parameters) const;
  // After a step with this norm of its gradients: whether its update is to be made. False: it is to be left
  // out. Where the factor cannot become smaller the step is at fault: true, whatever the norm.
  bool accepts(double grad_norm);

 private:
  LossScaleState& state_;
  bool is_on_;
};

}  // namespace xlt
