// SPDX-License-Identifier: Apache-2.0
// Which library runs a matrix product on the CPU, and the product itself. Inside `ops` only.
#pragma once

#include "ops/matmul/cpu_matmul.h"

#include <ATen/core/Tensor.h>

#include "xlt/ops/matmul/nf4.h"

namespace xlt::ops {

enum class MatmulLibrary {
  kOwn,  // cpu_matmul.h: float32, bfloat16 and float16 with AVX2; faster in bfloat16 with AVX512_BF16, and
         // tiles (AMX)
  kMkl,  // at::linear: float64, and float32 without AVX2
  kOnednnBf16,  // at::linear, which calls oneDNN: bfloat16 where the CPU multiplies it and we were built
                // without the kernels
  kMklWidened,  // bfloat16 and float16 without AVX2: libtorch's own loops reach 1/7 of float32 there
  kDevice,      // whatever the tensor's device brings (cuBLAS)
};

// Whether our own product multiplies x, [N, in], by the weight as pairs of bfloat16.
bool multiplies_pairs(const at::Tensor& x, const at::Tensor& weight);

// By the operands' types and device and the CPU's instruction set. x is of the weight's type, or float32
// beside a weight in half precision on the CPU.
MatmulLibrary matmul_library_of(const at::Tensor& x, const at::Tensor& weight);
int64_t invariant_rows_of(MatmulLibrary library);

// x [N, in] · weightᵀ (+ bias) → [N, out] of x's type, by the library above or a given one; weight [out, in]
// of any strides. No autograd, no padding.
at::Tensor matmul_nt(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});
at::Tensor matmul_nt(MatmulLibrary library, const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias = {});
// y += x · weightᵀ, in place; without a temporary of y's size where the library can.
void add_matmul_nt(at::Tensor& y, const at::Tensor& x, const at::Tensor& weight);

// x · weightᵀ (or, with `transposed`, x · weight) for a weight [out, in] in nf4 on the CPU: the bits of the
// product by the same values in float32. Only where cpu_matmul_suits().
at::Tensor matmul_nf4(const at::Tensor& x, const Nf4Weight& weight, bool transposed);

// cpu_matmul()'s operands from tensors that outlive the product. The weight of either layout.
void set_x(CpuMatmul& product, const at::Tensor& x);
void set_weight(CpuMatmul& product, const at::Tensor& weight);
void set_gguf(CpuMatmul& product, const at::Tensor& weight);  // after x; `dtype` is the caller's
void set_y(CpuMatmul& product, at::Tensor& y);

// The product in blocks of columns that are visited while they are in the cache (cpu_matmul.h); kOwn only.
void matmul_blocks(const at::Tensor& x, const at::Tensor& weight, int64_t columns, const OutputBlock& visit,
                   int64_t blocks_per_task = 1);

// x with zero rows appended up to `rows`; x itself if it has as many.
at::Tensor pad_rows(const at::Tensor& x, int64_t rows);

}  // namespace xlt::ops
