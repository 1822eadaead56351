// SPDX-License-Identifier: Apache-2.0
// Frozen weights in 4 bits: NormalFloat (Dettmers et al. 2023, section 3 and appendix E), bit for bit as
// bitsandbytes lays them out, with double quantisation of the scales or without.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "xlt/ops/matmul/nf4_scales.h"

namespace xlt::ops {

// weight[i] = level(code i) · absmax[i / 64], i row-major.
struct Nf4Weight {
  int64_t out = 0, in = 0;
  at::Tensor codes;   // uint8 [⌈out · in / 2⌉], two to a byte, the first one in the upper half
  at::Tensor absmax;  // float32 [⌈out · in / 64⌉], what is computed with
  // What absmax was made of, on the CPU, where there was double quantisation; else its tensors are undefined.
  Nf4Scales scales = {};
  at::ScalarType source = at::kFloat;  // the dtype that was quantised
};

// The 16 levels, ascending: float32 on the CPU.
at::Tensor nf4_levels();
// weight [out, in] float32, float64, bfloat16 or float16 → the nearest levels. CPU and CUDA.
Nf4Weight nf4_quantize(const at::Tensor& weight);
// The same, and then its scales in 8 bits: absmax is what those stand for.
Nf4Weight nf4_quantize_double(const at::Tensor& weight);

// → [out, in] of `dtype`.
at::Tensor nf4_dequantize(const Nf4Weight& weight, at::ScalarType dtype);

// x [N, in] · weightᵀ → [N, out] in x's dtype, summed in float32 or wider. Differentiable in x. On the CPU
// with AVX2 the weight is widened inside the product's cache, and a row gets the bits that linear() by the
// same values in float32 gives it, whatever else is in the batch.
at::Tensor nf4_linear(const at::Tensor& x, const Nf4Weight& weight);

}  // namespace xlt::ops
