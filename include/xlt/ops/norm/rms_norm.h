// SPDX-License-Identifier: Apache-2.0
// Root-mean-square norm (Zhang & Sennrich 2019, eq. 4).
#pragma once

#include <utility>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// How the weight enters and where the rounding to x's dtype happens.
enum class RmsNormCasting {
  kWeight,         // as Llama: norm in float32, rounded to x's dtype, then × weight
  kOnePlusWeight,  // as Gemma: norm in float32, × (1 + weight) in float32, then rounded
};

// x [..., C], weight [C] → [..., C] in x's dtype: x / sqrt(mean(x²) + eps) · w. Reduction in float32 or
// wider. Differentiable in x and weight. CPU f32/f64/bf16/f16 and CUDA f32/bf16/f16. Throws kInternal on a
// shape mismatch.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, RmsNormCasting casting);

// {x + residual, its rms_norm} in one pass: the bits of the two done one after the other, the sum rounded to
// x's dtype in between. Differentiable in all three.
std::pair<at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x, const at::Tensor& residual,
                                               const at::Tensor& weight, double eps, RmsNormCasting casting);

}  // namespace xlt::ops
