// SPDX-License-Identifier: Apache-2.0
// Elements that a CUDA kernel reads and writes 16 bytes at a time, where they lie so.
#pragma once

#include "ops/cuda_common.cuh"

namespace xlt::ops::cuda {

template <typename T>
struct alignas(16) Pack {
  static constexpr int kSize = 16 / sizeof(T);
  T value[kSize];
};

// Whether every row of `stride` elements, from each of these addresses on, begins where a pack may.
template <typename T, typename... Pointers>
bool lies_in_packs(int64_t stride, const Pointers*... pointers) {
  return stride % Pack<T>::kSize == 0 && (... && (reinterpret_cast<uintptr_t>(pointers) % 16 == 0));
}

// A row of `size` elements (fewer than 2³⁰) in packs, read and written as such if `is_aligned`, else one
// element after another: who holds which elements depends on the size alone, and so does the order of sums
// over them.
template <typename T>
struct PackedRow {
  int size;
  bool is_aligned;

  // How many of a pack's elements there are, from `first` on.
  __device__ int count(int first) const {
    const int left = size - first;
    return left < 0 ? 0 : left < Pack<T>::kSize ? left : Pack<T>::kSize;
  }
  // Zeros beyond the row.
  __device__ Pack<T> read(const T* row, int first) const {
    Pack<T> pack;
    if (is_aligned && count(first) == Pack<T>::kSize) return *reinterpret_cast<const Pack<T>*>(row + first);
#pragma unroll
    for (int i = 0; i < Pack<T>::kSize; ++i)
      pack.value[i] = i < count(first) ? row[first + i] : narrow<T>(Accumulator<T>(0));
    return pack;
  }
  __device__ void write(const Pack<T>& pack, T* row, int first) const {
    if (is_aligned && count(first) == Pack<T>::kSize) {
      *reinterpret_cast<Pack<T>*>(row + first) = pack;
      return;
    }
#pragma unroll
    for (int i = 0; i < Pack<T>::kSize; ++i)
      if (i < count(first)) row[first + i] = pack.value[i];
  }
};

}  // namespace xlt::ops::cuda
