// SPDX-License-Identifier: Apache-2.0
// Our own matrix product for AVX2 and AVX-512, where x is short beside the weight: MKL and oneDNN repack the
// weight in every call, and with fewer than a few hundred rows that costs as much as the product. Here x is
// repacked; the weight is read as it lies, in any floating type, once or, beside thousands of rows, a few
// times. Sums are float32, and each element of y is summed in one fixed order over `in`, so it depends
// neither on the other rows nor on the number of threads.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>
#include <functional>

namespace xlt {
struct GgufType;
}

namespace xlt::ops {

struct MatmulKernels;

// y [rows, out] ← x · weightᵀ, or y += that. No size is 0. Strides in elements.
struct CpuMatmul {
  const void* x;  // [rows, in]
  int64_t rows, in, x_row_stride, x_column_stride;
  const void* weight;  // [out, in]; out_stride or in_stride is 1
  KernelDtype dtype;   // of the weight: not kF64
  int64_t out, out_stride, in_stride;
  void* y;
  int64_t y_row_stride;
  bool add = false;
  bool narrow_vectors = false;  // AVX2's also where there is AVX-512, for tests: the same bits; not for pairs
  // Not null: `weight` holds nf4 codes (nf4_kernels.h) and the strides count elements of what they stand for.
  const float* nf4_absmax = nullptr;
  // Not null: `weight` holds rows of blocks of this type one after the other, of the values in `dtype`;
  // in_stride is 1 and out_stride `in`.
  const GgufType* gguf = nullptr;
  // float32; or bfloat16 by a weight of bfloat16 where cpu_matmul_takes_pairs(): two inputs a multiply-add.
  KernelDtype x_dtype = KernelDtype::kF32;
  const MatmulKernels* kernels = nullptr;   // for tests: these, not the machine's
  KernelDtype y_dtype = KernelDtype::kF32;  // not kF64; others are rounded once, from the whole sum
};
void cpu_matmul(const CpuMatmul& product);

// The product in blocks of `outputs` columns, as many at a time as there are threads; while rows · outputs
// floats fit a second-level cache, none reaches memory beyond it unless `visit` takes it there. `product.y`
// and `add` are not read. The same bits as cpu_matmul's. visit: columns first … first + count as y
// [rows, count], contiguous, its own to change until it returns. Runs of `blocks_per_task` blocks are one
// thread's, one after the other.
using OutputBlock = std::function<void(int64_t first, int64_t count, float* y)>;
void cpu_matmul_blocks(const CpuMatmul& product, int64_t outputs, const OutputBlock& visit,
                       int64_t blocks_per_task = 1);

// Whether this machine runs the kernels: x86-64-v3 (AVX2 and FMA).
bool cpu_matmul_suits();
// Whether it multiplies bfloat16 by bfloat16: AVX512_BF16.
bool cpu_matmul_takes_pairs();

}  // namespace xlt::ops
