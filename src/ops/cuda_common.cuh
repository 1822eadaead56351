// What every CUDA kernel file needs: checks, dtype switch, conversions, block-wide sums. Torch-free; C++17.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/kernel_types.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "xlt/base/error.h"

namespace xlt::ops::cuda {

inline void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw Error(ErrorKind::kUnsupported,
              str_cat(what, ": ", cudaGetErrorString(status),
                      "; kernels are built for the architectures in XLT_CUDA_ARCHITECTURES"));
}

// Our runtime is linked statically beside torch's: they share the device's primary context, but each keeps
// its own idea of the current device.
inline cudaStream_t use_stream(const KernelStream& stream) {
  check_cuda(cudaSetDevice(stream.device), "choosing the CUDA device");
  return static_cast<cudaStream_t>(stream.handle);
}

// Calls function(T{}) with the element type of `dtype`.
template <typename Function>
void with_dtype(KernelDtype dtype, Function function) {
  switch (dtype) {
    case KernelDtype::kF32:
      return function(float{});
    case KernelDtype::kF64:
      return function(double{});
    case KernelDtype::kBf16:
      return function(__nv_bfloat16{});
    case KernelDtype::kF16:
      return function(__half{});
  }
}

template <typename T>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <typename T>
using Accumulator = typename AccumulatorOf<T>::type;

__device__ inline float widen(float value) { return value; }
__device__ inline double widen(double value) { return value; }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }
__device__ inline float widen(__half value) { return __half2float(value); }

template <typename T>
__device__ inline T narrow(Accumulator<T> value) {
  return static_cast<T>(value);
}
template <>
__device__ inline __nv_bfloat16 narrow<__nv_bfloat16>(float value) {
  return __float2bfloat16_rn(value);
}
template <>
__device__ inline __half narrow<__half>(float value) {
  return __float2half_rn(value);
}

// Sum over the threads of a block (a multiple of 32, at most 1024), given to all of them. Every thread must
// call it.
template <typename A>
__device__ inline A block_sum(A value) {
  __shared__ A warp_sums[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  __syncthreads();  // a second call must not overwrite sums still being read
  if (lane == 0) warp_sums[warp] = value;
  __syncthreads();
  A total = 0;
  for (int i = 0; i < warps; ++i) total += warp_sums[i];
  return total;
}

}  // namespace xlt::ops::cuda
