// SPDX-License-Identifier: Apache-2.0
// Gated MLP activations (Shazeer 2020, "GLU variants").
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/ops/elementwise/activation.h"

namespace xlt::ops {

// activation(gate) · up, elementwise; gate, up [N, I] of one dtype. Differentiable in both. In one pass that
// saves gate and up only for SiLU and GELU's tanh form; the others take two.
at::Tensor gated_activation(const at::Tensor& gate, const at::Tensor& up, Activation activation);

}  // namespace xlt::ops
