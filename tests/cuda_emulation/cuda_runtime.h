// SPDX-License-Identifier: Apache-2.0
// The part of CUDA that our kernels use, on the CPU, so that the sources that nvcc compiles can be tested
// where no GPU is: this folder stands before the toolkit's in the include path.
#pragma once

#include "cuda_emulation/block.h"

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <math.h>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
// A block is a thread of the operating system.
#define __shared__ static thread_local

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1) : x(width), y(height), z(depth) {}
};

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

namespace xlt::cuda_emulation {
inline dim3 as_dim3(const Index3& index) { return {index.x, index.y, index.z}; }
}  // namespace xlt::cuda_emulation
#define threadIdx (::xlt::cuda_emulation::as_dim3(::xlt::cuda_emulation::this_thread().thread_index))
#define blockIdx (::xlt::cuda_emulation::as_dim3(::xlt::cuda_emulation::this_thread().block_index))
#define blockDim (::xlt::cuda_emulation::as_dim3(::xlt::cuda_emulation::this_thread().block_size))
#define gridDim (::xlt::cuda_emulation::as_dim3(::xlt::cuda_emulation::this_thread().grid_size))

// ---- barriers, shuffles, votes ----

inline void __syncthreads() { xlt::cuda_emulation::this_thread().sync_block(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { xlt::cuda_emulation::this_thread().sync_warp(mask); }

template <typename T>
T __shfl_sync(unsigned mask, T value, int lane) {
  static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = xlt::cuda_emulation::this_thread().exchange(mask, bits, lane);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask) {
  return __shfl_sync(mask, value, xlt::cuda_emulation::this_thread().lane() ^ lane_mask);
}
// A lane whose source would lie beyond the warp keeps its own value.
template <typename T>
T __shfl_down_sync(unsigned mask, T value, int delta) {
  const int lane = xlt::cuda_emulation::this_thread().lane(), from = lane + delta;
  return __shfl_sync(mask, value, from < 32 ? from : lane);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, int delta) {
  const int lane = xlt::cuda_emulation::this_thread().lane(), from = lane - delta;
  return __shfl_sync(mask, value, from >= 0 ? from : lane);
}
inline unsigned __ballot_sync(unsigned mask, bool predicate) {
  return xlt::cuda_emulation::this_thread().ballot(mask, predicate);
}
inline bool __any_sync(unsigned mask, bool predicate) { return __ballot_sync(mask, predicate) != 0; }
inline bool __all_sync(unsigned mask, bool predicate) { return __ballot_sync(mask, predicate) == mask; }

// ---- atomics: relaxed, as on the device ----

template <typename T>
T atomicAdd(T* address, std::common_type_t<T> value) {
  std::atomic_ref<T> place(*address);
  T old = place.load(std::memory_order_relaxed);
  while (!place.compare_exchange_weak(old, static_cast<T>(old + value), std::memory_order_relaxed)) {
  }
  return old;
}
template <typename T>
T atomicMax(T* address, std::common_type_t<T> value) {
  std::atomic_ref<T> place(*address);
  T old = place.load(std::memory_order_relaxed);
  while (old < value && !place.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
  return old;
}

inline int __clz(unsigned bits) { return std::countl_zero(bits); }
inline int __popc(unsigned bits) { return std::popcount(bits); }
inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
inline float __uint_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// ---- the runtime's functions that a launcher calls ----

enum cudaError_t { cudaSuccess = 0 };
using cudaStream_t = void*;
inline const char* cudaGetErrorString(cudaError_t) { return "no error"; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
