// SPDX-License-Identifier: Apache-2.0
// CUDA kernel of dropout.
#include "ops/cuda_common.cuh"
#include "ops/elementwise/dropout_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads).
// clang-format off
// budget: drop_kernel 32 registers, 0 bytes of shared memory
// clang-format on

constexpr int64_t kColumns = 4 * kElementThreads;  // of a block: what a row's own rule costs is spread over

template <typename T>
__global__ void drop_kernel(const DropoutArgs args) {
  using A = Accumulator<T>;
  const auto width = static_cast<uint32_t>(args.width);
  for (int64_t row = blockIdx.x; row < args.num_rows; row += gridDim.x) {
    const DropoutRule rule = args.rule_of(row);
    const T* x = static_cast<const T*>(args.x) + row * args.width;
    T* y = static_cast<T*>(args.y) + row * args.width;
    for (uint32_t c = blockIdx.y * blockDim.x + threadIdx.x; c < width; c += gridDim.y * blockDim.x) {
      const A value = widen(x[c]) * (dropout_keeps(rule, c) ? static_cast<A>(rule.scale) : A(0));
      y[c] = narrow<T>(args.add ? widen(y[c]) + value : value);
    }
  }
}

dim3 blocks_of(const DropoutArgs& args) {
  const int64_t rows = args.num_rows < 4096 ? args.num_rows : 4096;
  const int64_t columns = (args.width + kColumns - 1) / kColumns;
  return dim3(static_cast<unsigned>(rows), static_cast<unsigned>(columns < 1024 ? columns : 1024));
}

}  // namespace

void dropout(const DropoutArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    launch("dropout on CUDA", drop_kernel<decltype(zero)>, blocks_of(args), kElementThreads,
           use_stream(stream), args);
  });
}

}  // namespace xlt::ops::cuda
