// SPDX-License-Identifier: Apache-2.0
#include "train/loss_scale.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

namespace xlt {

namespace {
constexpr double kSmallest = 1;  // from here on overflow is not the factor's doing
constexpr int64_t kGrowthSteps = 2000;
}  // namespace

at::Tensor LossScale::scaled(const at::Tensor& loss) const { return is_on_ ? loss * state_.factor : loss; }

void LossScale::unscale(const std::vector<TrainedTensor>& parameters) const {
  if (!is_on_) return;
  const at::NoGradGuard no_grad;
  for (const TrainedTensor& parameter : parameters)
    if (parameter.tensor.grad().defined()) parameter.tensor.mutable_grad().mul_(1 / state_.factor);
}

bool LossScale::accepts(double grad_norm) {
  if (!is_on_) return true;
  if (!std::isfinite(grad_norm)) {
    if (state_.factor <= kSmallest) return true;
    state_ = {.factor = state_.factor / 2, .steps_in_a_row = 0};
    return false;
  }
  if (++state_.steps_in_a_row == kGrowthSteps) state_ = {.factor = state_.factor * 2, .steps_in_a_row = 0};
  return true;
}

}  // namespace xlt
