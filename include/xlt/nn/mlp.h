// SPDX-License-Identifier: Apache-2.0
// down(activation(up(x))), the MLP before gates: GPT-2, BLOOM, XGLM, encoders.
#pragma once

#include "xlt/nn/linear.h"
#include "xlt/ops/elementwise/activation.h"

namespace xlt {

struct Mlp {
  Linear up, down;
  ops::Activation activation = ops::Activation::kGelu;
  // x [N, C] → [N, C]; `dropout`: of the rows of x (ForwardPass::dropout_kept)
  at::Tensor forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const;
};

}  // namespace xlt
