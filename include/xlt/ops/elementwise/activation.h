// SPDX-License-Identifier: Apache-2.0
// Activations of MLPs without a gate (BERT, T5's first version, GPT-2).
#pragma once

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// kGelu is x·Φ(x) with the normal distribution's own Φ, kGeluTanh its approximation (Hendrycks & Gimpel
// 2016).
enum class Activation { kSilu, kGeluTanh, kGelu, kRelu };

// Elementwise, of x's shape and dtype; computed in float32 (float64 for float64) and rounded once.
// Differentiable. An element's result does not depend on where it lies.
at::Tensor activation(const at::Tensor& x, Activation activation);

}  // namespace xlt::ops
