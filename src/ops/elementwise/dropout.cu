// SPDX-License-Identifier: Apache-2.0
// CUDA kernel of dropout.
#include "ops/elementwise/dropout_kernels.h"
#include "ops/vectors.cuh"

namespace xlt::ops::cuda {
namespace {

// Several elements are under way in a thread, which takes the place of more threads.
// clang-format off
// budget: drop_kernel 40 registers, 0 bytes of shared memory
// clang-format on

constexpr int64_t kPacks = 2;  // of a thread: what a row's own rule costs is spread over

template <typename T>
__global__ void drop_kernel(const DropoutArgs args, const bool is_aligned) {
  using A = Accumulator<T>;
  const int64_t step = static_cast<int64_t>(gridDim.y) * blockDim.x * Pack<T>::kSize;
  for (int64_t row = blockIdx.x; row < args.num_rows; row += gridDim.x) {
    const DropoutRule rule = args.rule_of(row);
    const A scale = static_cast<A>(rule.scale);
    const T* x = static_cast<const T*>(args.x) + row * args.width;
    T* y = static_cast<T*>(args.y) + row * args.width;
    int64_t first = (static_cast<int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * Pack<T>::kSize;
    for (; first < args.width; first += step) {
      // Of the pack alone: a row may be longer than an int counts.
      const int64_t left = args.width - first;
      const PackedRow<T> shape{left < Pack<T>::kSize ? static_cast<int>(left) : Pack<T>::kSize, is_aligned};
      Pack<T> pack = shape.read(x + first, 0), before;
      if (args.add) before = shape.read(y + first, 0);
#pragma unroll
      for (int i = 0; i < Pack<T>::kSize; ++i) {
        const A value =
            widen(pack.value[i]) * (dropout_keeps(rule, static_cast<uint32_t>(first + i)) ? scale : A(0));
        pack.value[i] = narrow<T>(args.add ? widen(before.value[i]) + value : value);
      }
      shape.write(pack, y + first, 0);
    }
  }
}

template <typename T>
dim3 blocks_of(const DropoutArgs& args) {
  const int64_t rows = args.num_rows < 4096 ? args.num_rows : 4096,
                of_block = kPacks * kElementThreads * Pack<T>::kSize;
  const int64_t columns = (args.width + of_block - 1) / of_block;
  return dim3(static_cast<unsigned>(rows), static_cast<unsigned>(columns < 1024 ? columns : 1024));
}

}  // namespace

void dropout(const DropoutArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch("dropout on CUDA", drop_kernel<T>, blocks_of<T>(args), kElementThreads, use_stream(stream), args,
           lies_in_packs<T>(args.width, args.x, args.y));
  });
}

}  // namespace xlt::ops::cuda
