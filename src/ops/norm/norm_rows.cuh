// SPDX-License-Identifier: Apache-2.0
// What the CUDA kernels of norms share.
#pragma once

#include "ops/cuda_common.cuh"

namespace xlt::ops::cuda {

// The row to be normed: x's, or its sum with the residual's, rounded and left in `sums`. A thread reads only
// what it has written itself, so nobody has to wait.
template <typename T>
__device__ const T* summed_row(const T* x, const T* residual, T* sums, int64_t row, int64_t columns) {
  x += row * columns;
  if (residual == nullptr) return x;
  residual += row * columns;
  sums += row * columns;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x)
    sums[i] = narrow<T>(widen(x[i]) + widen(residual[i]));
  return sums;
}

// x's gradient, and what reaches x by another way, if anything does.
template <typename T>
__device__ T with_sum_gradient(Accumulator<T> gradient, const T* sum_gradient, int64_t i) {
  return narrow<T>(sum_gradient == nullptr ? gradient : gradient + widen(sum_gradient[i]));
}

}  // namespace xlt::ops::cuda
