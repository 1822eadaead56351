// SPDX-License-Identifier: Apache-2.0
// What the CUDA kernels of norms share: one block a row, which it reads from memory once where it can.
#pragma once

#include "ops/vectors.cuh"

namespace xlt::ops::cuda {

// A thread holds this many packs of a row in registers; 0: it reads them again each time, as rows are too
// wide. visit(which of the packs held, its first column).
template <typename T, int kHeld, typename Visit>
__device__ void for_packs(int columns, const Visit& visit) {
  const int step = static_cast<int>(blockDim.x) * Pack<T>::kSize;
  int first = static_cast<int>(threadIdx.x) * Pack<T>::kSize;
  if constexpr (kHeld > 0) {
#pragma unroll
    for (int h = 0; h < kHeld; ++h, first += step)
      if (first < columns) visit(h, first);
  } else {
    for (; first < columns; first += step) visit(0, first);
  }
}

template <typename T, int kHeld>
struct HeldRow {
  PackedRow<T> shape;
  const T* row = nullptr;
  Pack<T> held[kHeld > 0 ? kHeld : 1];

  __device__ HeldRow(const PackedRow<T>& of, const T* from) : shape(of), row(from) {
    if constexpr (kHeld > 0)
      for_packs<T, kHeld>(shape.size, [&](int h, int first) { held[h] = shape.read(row, first); });
  }
  __device__ Pack<T> at(int h, int first) const { return kHeld > 0 ? held[h] : shape.read(row, first); }

  // Becomes the sum with the residual's row, rounded, and left in `sums`. A thread reads only what it has
  // written itself, so nobody has to wait.
  __device__ void add(const T* residual, T* sums) {
    for_packs<T, kHeld>(shape.size, [&](int h, int first) {
      Pack<T> sum = at(h, first);
      const Pack<T> other = shape.read(residual, first);
#pragma unroll
      for (int i = 0; i < Pack<T>::kSize; ++i)
        sum.value[i] = narrow<T>(widen(sum.value[i]) + widen(other.value[i]));
      shape.write(sum, sums, first);
      if constexpr (kHeld > 0) held[h] = sum;
    });
    row = sums;
  }
};

// Threads for a row of `columns`: as few as hold it with two packs each, so that as many rows as can be are
// under way; and the kernel among those that hold 2, 4 and 0.
constexpr int kMostRowThreads = 512;
template <typename T>
int row_threads(int64_t columns) {
  const int64_t packs = (columns + Pack<T>::kSize - 1) / Pack<T>::kSize;
  return whole_warps((packs + 1) / 2, kMostRowThreads);
}
template <typename T, typename Kernel>
Kernel kernel_for(int64_t columns, Kernel holds_two, Kernel holds_four, Kernel holds_none) {
  const int64_t of_all = static_cast<int64_t>(row_threads<T>(columns)) * Pack<T>::kSize;
  return columns <= 2 * of_all ? holds_two : columns <= 4 * of_all ? holds_four : holds_none;
}

// x's gradient, and what reaches x by another way, if anything does: of a pack.
template <typename T>
__device__ void write_gradient(const PackedRow<T>& shape, const Accumulator<T> (&gradient)[Pack<T>::kSize],
                               const T* sum_gradient, T* to, int first) {
  Pack<T> pack;
  if (sum_gradient != nullptr) pack = shape.read(sum_gradient, first);
#pragma unroll
  for (int i = 0; i < Pack<T>::kSize; ++i)
    pack.value[i] = narrow<T>(sum_gradient == nullptr ? gradient[i] : gradient[i] + widen(pack.value[i]));
  shape.write(pack, to, first);
}

// Kernels of parameters' gradients: a thread owns a pack of columns and sums over a block of rows
// (blockIdx.y) in their order, several of them read before any is looked at. visit(row, ∂y's pack, x's pack).
constexpr int kColumnThreads = 128;
template <typename T>
dim3 column_blocks(int64_t columns, int64_t blocks) {
  const int64_t of_block = kColumnThreads * Pack<T>::kSize;
  return dim3(static_cast<unsigned>((columns + of_block - 1) / of_block), static_cast<unsigned>(blocks));
}
template <typename T>
__device__ int own_columns() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * Pack<T>::kSize;
}
template <typename T, typename Visit>
__device__ void for_rows_of_block(const PackedRow<T>& shape, const T* y_gradient, const T* x, int64_t rows,
                                  int64_t blocks, const Visit& visit) {
  constexpr int kAhead = 2;
  const int column = own_columns<T>();
  const int64_t block = blockIdx.y, last = (block + 1) * rows / blocks;
  for (int64_t row = block * rows / blocks; row < last; row += kAhead) {
    Pack<T> gradients[kAhead], values[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (row + i >= last) continue;
      gradients[i] = shape.read(y_gradient + (row + i) * shape.size, column);
      values[i] = shape.read(x + (row + i) * shape.size, column);
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i)
      if (row + i < last) visit(row + i, gradients[i], values[i]);
  }
}

// A pack of columns' sums, of this block of rows; none where they are not wanted.
template <typename T>
__device__ void leave_sums(const Accumulator<T> (&sums)[Pack<T>::kSize], void* to, int columns) {
  if (to == nullptr) return;
  Accumulator<T>* own = static_cast<Accumulator<T>*>(to) + static_cast<int64_t>(blockIdx.y) * columns;
  const int first = own_columns<T>();
#pragma unroll
  for (int i = 0; i < Pack<T>::kSize; ++i)
    if (first + i < columns) own[first + i] = sums[i];
}

}  // namespace xlt::ops::cuda
