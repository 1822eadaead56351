// Layer norm (Ba, Kiros & Hinton 2016, eq. 4). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// x [..., C], weight [C], bias [C] or undefined → [..., C] in x's dtype: (x − mean(x)) / sqrt(var(x) + eps) ·
// weight + bias, with the variance over C elements (not C − 1). Computed in float32 or wider and rounded
// once, as torch's and Cohere's do. Differentiable in x, weight and bias. CPU f32/f64/bf16/f16 and CUDA.
// Throws kInternal on a shape mismatch.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

}  // namespace xlt::ops
