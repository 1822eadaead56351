// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of nf4.
#include "ops/cuda_common.cuh"
#include "ops/matmul/nf4_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads).
// clang-format off
// budget: quantize_kernel 32 registers, 0 bytes of shared memory
// budget: dequantize_kernel 32 registers, 64 bytes of shared memory
// budget: product_kernel 32 registers, 64 bytes of shared memory
// clang-format on

constexpr int kThreads = 128, kWarps = kThreads / kWarp;

__device__ int code_at(const uint8_t* codes, int64_t i) {
  const int byte = codes[i / 2];
  return i % 2 == 0 ? byte >> 4 : byte & 15;
}

// A warp takes a block of weights; a lane, two neighbours.
template <typename T>
__global__ void quantize_kernel(const T* x, int64_t count, uint8_t* codes, float* absmax,
                                const Nf4Levels levels) {
  const int64_t block = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  const int64_t i = block * kNf4Block + 2 * lane;
  const float first = i < count ? static_cast<float>(widen(x[i])) : 0.0f;
  const float second = i + 1 < count ? static_cast<float>(widen(x[i + 1])) : 0.0f;
  const float largest = warp_reduce<Largest>(fmaxf(fabsf(first), fabsf(second)));
  if (i >= count) return;
  const float scale = largest > 0 ? 1 / largest : 0;
  if (lane == 0) absmax[block] = largest;
  const int lower = i + 1 < count ? nf4_code(levels, second * scale) : 0;
  codes[i / 2] = static_cast<uint8_t>(nf4_code(levels, first * scale) << 4 | lower);
}

template <typename T>
__global__ void dequantize_kernel(const uint8_t* codes, const float* absmax, int64_t count, T* to,
                                  const Nf4Levels levels) {
  __shared__ float level[16];
  if (threadIdx.x < 16) level[threadIdx.x] = levels.level[threadIdx.x];
  __syncthreads();
  for_each_element(count, [&](int64_t i) {
    to[i] = narrow<T>(static_cast<Accumulator<T>>(level[code_at(codes, i)] * absmax[i / kNf4Block]));
  });
}

// A warp makes one output of one row.
__global__ void product_kernel(const Nf4ProductArgs args, const Nf4Levels levels) {
  __shared__ float level[16];
  if (threadIdx.x < 16) level[threadIdx.x] = levels.level[threadIdx.x];
  __syncthreads();
  const int64_t output = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp, row = blockIdx.y;
  if (output >= args.out) return;
  const float* x = args.x + row * args.in;
  float sum = 0;
  for (int64_t i = threadIdx.x % kWarp; i < args.in; i += kWarp) {
    const int64_t at = output * args.in + i;
    sum += x[i] * (level[code_at(args.codes, at)] * args.absmax[at / kNf4Block]);
  }
  sum = warp_reduce<Add>(sum);
  if (threadIdx.x % kWarp == 0) args.y[row * args.out + output] = sum;
}

unsigned blocks_of(int64_t warps) { return static_cast<unsigned>((warps + kWarps - 1) / kWarps); }

}  // namespace

void nf4_quantize(const Nf4Args& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch("nf4_quantize on CUDA", quantize_kernel<T>,
           dim3(blocks_of((args.count + kNf4Block - 1) / kNf4Block)), kThreads, use_stream(stream),
           static_cast<const T*>(args.weight), args.count, args.codes, args.absmax, Nf4Levels());
  });
}

void nf4_dequantize(const Nf4Args& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch("nf4_dequantize on CUDA", dequantize_kernel<T>, blocks_for_elements(args.count), kElementThreads,
           use_stream(stream), static_cast<const uint8_t*>(args.codes),
           static_cast<const float*>(args.absmax), args.count, static_cast<T*>(args.dequantized),
           Nf4Levels());
  });
}

void nf4_product(const Nf4ProductArgs& args, const KernelStream& stream) {
  launch("nf4_linear on CUDA", product_kernel, dim3(blocks_of(args.out), static_cast<unsigned>(args.rows)),
         kThreads, use_stream(stream), args, Nf4Levels());
}

}  // namespace xlt::ops::cuda
