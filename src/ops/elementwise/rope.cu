// SPDX-License-Identifier: Apache-2.0
// CUDA kernel of rope: one block a token.
#include "ops/cuda_common.cuh"
#include "ops/elementwise/elementwise_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads).
// clang-format off
// budget: rotate_kernel 32 registers, 0 bytes of shared memory
// clang-format on

template <typename T>
__global__ void rotate_kernel(const RopeArgs args) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  const unsigned half = static_cast<unsigned>(args.half), pairs = static_cast<unsigned>(args.heads) * half;
  const A direction = static_cast<A>(args.direction);
  const T* x = static_cast<const T*>(args.x) + row * args.row_stride;
  T* y = static_cast<T*>(args.y) + row * pairs * 2;
  for (unsigned pair = threadIdx.x; pair < pairs; pair += blockDim.x) {
    const unsigned head = pair / half, i = pair % half;
    const A c = args.cos[row * half + i], s = direction * args.sin[row * half + i];
    const unsigned one = args.interleaved ? 2 * i : i, other = args.interleaved ? 2 * i + 1 : i + half;
    const T* from = x + head * args.head_stride;
    const A first = widen(from[one]), second = widen(from[other]);
    T* to = y + head * 2 * half;
    to[one] = narrow<T>(first * c - second * s);
    to[other] = narrow<T>(second * c + first * s);
  }
}

}  // namespace

void rope(const RopeArgs& args, const KernelStream& stream) {
  constexpr int kMaxThreads = 512;
  with_dtype(args.dtype, [&](auto zero) {
    launch("rope on CUDA", rotate_kernel<decltype(zero)>, dim3(static_cast<unsigned>(args.rows)),
           whole_warps(args.heads * args.half, kMaxThreads), use_stream(stream), args);
  });
}

}  // namespace xlt::ops::cuda
