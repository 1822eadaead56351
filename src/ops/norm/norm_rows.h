// SPDX-License-Identifier: Apache-2.0
// What the CPU kernels of norms share: rows that may be sums, blocks of rows whose gradients are summed.
// Inside `ops` only.
#pragma once

#include "ops/lanes.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>

namespace xlt::ops {

// Rows a task takes: about 2^15 elements. Below that, waking a thread costs more than the work.
inline int64_t norm_grain(int64_t columns) { return std::max<int64_t>(1, (int64_t{1} << 15) / columns); }

// run(begin, end, scratch) over blocks of rows; scratch: two rows in the widest accumulator, the task's own.
template <typename Run>
void for_blocks_of_rows(int64_t rows, int64_t columns, int64_t blocks, const Run& run) {
  const int64_t rows_per_block = std::max<int64_t>(1, rows / blocks);
  const int64_t grain = std::max<int64_t>(1, norm_grain(columns) / rows_per_block);
  at::parallel_for(0, blocks, grain, [&](int64_t begin, int64_t end) {
    std::vector<double> scratch(static_cast<size_t>(2 * columns));
    run(begin, end, scratch.data());
  });
}

// The row to be normed: x's, or its sum with the residual's, rounded and left in `sum`.
template <typename T>
XLT_INLINE const T* summed_row(const void* x, const void* residual, void* sum, int64_t row, int64_t columns) {
  const T* __restrict__ own = static_cast<const T*>(x) + row * columns;
  if (residual == nullptr) return own;
  const T* __restrict__ other = static_cast<const T*>(residual) + row * columns;
  T* __restrict__ to = static_cast<T*>(sum) + row * columns;
  for (int64_t i = 0; i < columns; ++i) to[i] = narrow<T>(widen(own[i]) + widen(other[i]));
  return to;
}

// A row of x's gradient: `values`, which are changed, and what reaches x by another way, if anything does.
template <typename T>
XLT_INLINE void store_gradient(Accumulator<T>* __restrict__ values, const void* sum_gradient, int64_t row,
                               int64_t columns, void* x_gradient) {
  if (sum_gradient != nullptr) {
    const T* __restrict__ other = static_cast<const T*>(sum_gradient) + row * columns;
    for (int64_t i = 0; i < columns; ++i) values[i] += widen(other[i]);
  }
  T* __restrict__ to = static_cast<T*>(x_gradient) + row * columns;
  for (int64_t i = 0; i < columns; ++i) to[i] = narrow<T>(values[i]);
}

// A parameter's sums over one block, cleared; null if not wanted.
template <typename A>
XLT_INLINE A* sums_of_block(void* sums, int64_t block, int64_t columns) {
  if (sums == nullptr) return nullptr;
  A* own = static_cast<A*>(sums) + block * columns;
  std::fill_n(own, columns, A(0));
  return own;
}

}  // namespace xlt::ops
