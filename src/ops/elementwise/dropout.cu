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

template <typename T>
__global__ void drop_kernel(const T* x, T* y, int64_t count, const DropoutRule rule, bool add) {
  using A = Accumulator<T>;
  for_each_element(count, [&](int64_t i) {
    const bool kept = dropout_keeps(rule, static_cast<uint32_t>(i));
    const A value = widen(x[i]) * (kept ? static_cast<A>(rule.scale) : A(0));
    y[i] = narrow<T>(add ? widen(y[i]) + value : value);
  });
}

}  // namespace

void dropout(const DropoutArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch("dropout on CUDA", drop_kernel<T>, blocks_for_elements(args.count), kElementThreads,
           use_stream(stream), static_cast<const T*>(args.x), static_cast<T*>(args.y), args.count, args.rule,
           args.add);
  });
}

}  // namespace xlt::ops::cuda
