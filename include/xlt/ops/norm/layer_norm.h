// SPDX-License-Identifier: Apache-2.0
// Layer norm (Ba, Kiros & Hinton 2016, eq. 4).
#pragma once

#include <utility>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// x [..., C], weight [C], bias [C] or undefined → [..., C] in x's dtype: (x − mean(x)) / sqrt(var(x) + eps) ·
// weight + bias, with the variance over C elements (not C − 1). Computed in float32 or wider and rounded
// once, as torch's and Cohere's do. Differentiable in x, weight and bias. CPU f32/f64/bf16/f16 and CUDA.
// Throws kInternal on a shape mismatch.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

// {x + residual, its layer_norm} in one pass: the bits of the two done one after the other, the sum rounded
// to x's dtype in between. Differentiable in all of them.
std::pair<at::Tensor, at::Tensor> add_layer_norm(const at::Tensor& x, const at::Tensor& residual,
                                                 const at::Tensor& weight, const at::Tensor& bias,
                                                 double eps);

}  // namespace xlt::ops
