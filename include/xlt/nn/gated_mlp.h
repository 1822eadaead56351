// SPDX-License-Identifier: Apache-2.0
// down_proj(activation(gate_proj(x)) · up_proj(x)), the MLP of Llama and its relatives.
#pragma once

#include "xlt/nn/linear.h"
#include "xlt/ops/elementwise/gated_activation.h"

namespace xlt {

struct GatedMlp {
  Linear gate_proj, up_proj, down_proj;
  ops::Activation activation = ops::Activation::kSilu;
  at::Tensor forward(const at::Tensor& x) const;  // [N, C] → [N, C]
};

}  // namespace xlt
