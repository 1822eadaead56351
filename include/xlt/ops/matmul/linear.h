// SPDX-License-Identifier: Apache-2.0
// Matrix products against a weight, the one place that decides which library runs them.
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "xlt/ops/elementwise/dropout.h"

namespace xlt::ops {

// x [N, in] · weightᵀ, weight [out, in] → [N, out]. Differentiable in x and (where it requires grad) in
// weight. A row of the result does not depend on which other rows are in x: under no-grad small products are
// padded to `invariant_rows()`. CPU f32, bf16; CUDA any. On the CPU a float32 x also takes a weight in
// half precision, at half the memory: where reads_half_weights(), the bits of the product by its float32
// values.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight);
// With a bias [out], rounded once. Differentiable in it, too.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

// linear(x, weight, bias) + scale · linear(linear(dropout(x), a), b) with a [r, in], b [out, r]; the LoRA
// product (Hu et al. 2021, eq. 3), with dropout on the adapter's input as PEFT has it. Saves x and scale ·
// dropout(x)·aᵀ only. Differentiable in x, a, b; weight and bias (which may be undefined) are frozen.
at::Tensor lora_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& a,
                       const at::Tensor& b, double scale, const Dropout& dropout = {},
                       const at::Tensor& bias = {});
// The second term of lora_linear alone, for a product that is not linear()'s. Differentiable in x, a, b.
at::Tensor lora_update(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b, double scale,
                       const Dropout& dropout = {});

// The least number of rows from which a row's product is bitwise the same whatever else is in the batch.
int64_t invariant_rows(const at::Tensor& x, const at::Tensor& weight);
// "xlt" (our own kernel), "mkl" or "onednn", for run.json and reports; "device" for a weight that is not on
// the CPU (no promise on rows there).
std::string matmul_library(const at::Tensor& x, const at::Tensor& weight);
// What our own kernels multiply bfloat16 by on this CPU: "tiles (AMX)", "pairs (AVX512_BF16)", or nothing of
// its own, "float32".
std::string bfloat16_unit();
// Whether our own kernel runs on this CPU, which multiplies float32 by half precision as it lies: about as
// fast as by float32 (bfloat16), or up to a fifth slower where rows are few (float16).
bool reads_half_weights();

}  // namespace xlt::ops
