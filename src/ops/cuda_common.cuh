// SPDX-License-Identifier: Apache-2.0
// What every CUDA kernel file needs: launches, checks, dtype switch, conversions, sums over a block.
// Torch-free; C++17. Also compiled as C++ for the CPU by the tests (tests/cuda_emulation).
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

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

template <typename T>
struct Identity {
  using type = T;
};
template <typename T>
using Same = typename Identity<T>::type;

// Runs a kernel on blocks of `threads` threads, a multiple of 32; throws kUnsupported, with `what`, where the
// device has no code for it. A grid without blocks runs nothing.
template <typename... Parameters>
void launch(const char* what, void (*kernel)(Parameters...), dim3 blocks, int threads, cudaStream_t stream,
            Same<Parameters>... arguments) {
  if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0) return;
#ifdef XLT_CUDA_EMULATION
  cuda_emulation::launch({blocks.x, blocks.y, blocks.z}, {static_cast<unsigned>(threads), 1, 1},
                         [&] { kernel(arguments...); });
#else
  // clang-format off
  kernel<<<blocks, threads, 0, stream>>>(arguments...);
  // clang-format on
#endif
  check_cuda(cudaGetLastError(), what);
}

#ifdef XLT_CUDA_EMULATION  // where every thread is one of the operating system's
constexpr bool kIsEmulated = true;
#else
constexpr bool kIsEmulated = false;
#endif

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;
inline int whole_warps(int64_t count, int most) {
  const int64_t threads = (count + kWarp - 1) / kWarp * kWarp;
  return static_cast<int>(threads < kWarp ? kWarp : threads < most ? threads : most);
}

// Kernels that touch `count` elements once walk over them with a stride of the grid (for_each_element), which
// is no larger than what fills a GPU.
constexpr int kElementThreads = 256;
inline dim3 blocks_for_elements(int64_t count) {
  const int64_t blocks = (count + kElementThreads - 1) / kElementThreads;
  return dim3(static_cast<unsigned>(blocks < 4096 ? blocks : 4096));
}
template <typename Function>
__device__ inline void for_each_element(int64_t count, Function function) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride)
    function(i);
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

// a · b, rounded before anything is added to it (the compiler fuses a · b + c where it may): two that are
// equal stay equal, so that their difference is 0.
__device__ inline float rounded_product(float a, float b) {
#ifdef XLT_CUDA_EMULATION
  volatile float product = a * b;
  return product;
#else
  return __fmul_rn(a, b);
#endif
}
__device__ inline double rounded_product(double a, double b) {
#ifdef XLT_CUDA_EMULATION
  volatile double product = a * b;
  return product;
#else
  return __dmul_rn(a, b);
#endif
}

struct Add {
  template <typename A>
  __device__ A operator()(A a, A b) const {
    return a + b;
  }
};
struct Largest {
  template <typename A>
  __device__ A operator()(A a, A b) const {
    return a < b ? b : a;
  }
};

// The larger of two numbers; a NaN only if both are, so that all lanes get the same.
struct LargestNumber {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Over the lanes of a warp, given to all of them.
template <typename Operation, typename A>
__device__ inline A warp_reduce(A value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2)
    value = Operation()(value, __shfl_xor_sync(kAllLanes, value, offset));
  return value;
}

// Over the threads of a block (a multiple of 32, at most 1024), in a fixed order, given to all of them. Every
// thread must call it.
template <typename Operation, typename A>
__device__ inline A block_reduce(A value) {
  __shared__ A of_warps[32];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
  value = warp_reduce<Operation>(value);
  __syncthreads();  // a second call must not overwrite what is still being read
  if (lane == 0) of_warps[warp] = value;
  __syncthreads();
  A total = of_warps[0];
  for (int i = 1; i < warps; ++i) total = Operation()(total, of_warps[i]);
  return total;
}
template <typename A>
__device__ inline A block_sum(A value) {
  return block_reduce<Add>(value);
}

}  // namespace xlt::ops::cuda
