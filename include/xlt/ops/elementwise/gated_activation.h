// SPDX-License-Identifier: Apache-2.0
// Gated MLP activations (Shazeer 2020, "GLU variants").
#pragma once

#include <ATen/core/Tensor.h>

namespace xlt::ops {

enum class Activation { kSilu, kGeluTanh };

// activation(gate) · up, elementwise; gate, up [N, I] of one dtype. Differentiable in both; saves gate and up
// only.
at::Tensor gated_activation(const at::Tensor& gate, const at::Tensor& up, Activation activation);

}  // namespace xlt::ops
