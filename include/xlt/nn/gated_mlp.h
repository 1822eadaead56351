// SPDX-License-Identifier: Apache-2.0
// down_proj(activation(gate_proj(x)) · up_proj(x)), the MLP of Llama and its relatives.
#pragma once

#include "xlt/nn/linear.h"
#include "xlt/ops/elementwise/gated_activation.h"

namespace xlt {

struct GatedMlp {
  Linear gate_proj, up_proj, down_proj;
  ops::Activation activation = ops::Activation::kSilu;
  // x [N, C] → [N, C]; `dropout`: of the rows of x (ForwardPass::dropout_kept)
  at::Tensor forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const;
};

// The same with gate and up in one matrix, the gate's rows first (Phi-3).
struct FusedGatedMlp {
  Linear gate_up_proj, down_proj;
  ops::Activation activation = ops::Activation::kSilu;
  at::Tensor forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const;
};

}  // namespace xlt
