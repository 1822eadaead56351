// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of nf4.
#include "ops/matmul/nf4_kernels.h"
#include "ops/vectors.cuh"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads); a product
// takes more for the weights that it has under way.
// clang-format off
// budget: quantize_kernel 32 registers, 0 bytes of shared memory
// budget: dequantize_kernel 40 registers, 64 bytes of shared memory
// budget: product_kernel 72 registers, 64 bytes of shared memory
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
                                  const bool is_aligned, const Nf4Levels levels) {
  __shared__ float level[16];
  if (threadIdx.x < 16) level[threadIdx.x] = levels.level[threadIdx.x];
  __syncthreads();
  constexpr int kSize = Pack<T>::kSize;  // even, and a block is a multiple of it
  for_each_element((count + kSize - 1) / kSize, [&](int64_t p) {
    const int64_t first = p * kSize, left = count - first;
    const PackedRow<T> row{left < kSize ? static_cast<int>(left) : kSize, is_aligned};
    const float scale = absmax[first / kNf4Block];
    Pack<T> pack;
#pragma unroll
    for (int i = 0; i < kSize; ++i)
      if (i < left)
        pack.value[i] = narrow<T>(static_cast<Accumulator<T>>(level[code_at(codes, first + i)] * scale));
    row.write(pack, to + first, 0);
  });
}

// A warp makes one output of up to kRowsAtOnce rows. A lane widens a chunk of weights once for all of these.
constexpr int kRowsAtOnce = 4;
__global__ void product_kernel(const Nf4ProductArgs args, const Nf4Levels levels) {
  __shared__ float level[16];
  if (threadIdx.x < 16) level[threadIdx.x] = levels.level[threadIdx.x];
  __syncthreads();
  const int64_t output = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (output >= args.out) return;
  const int64_t row = static_cast<int64_t>(blockIdx.y) * kRowsAtOnce, left = args.rows - row;
  const int rows = left < kRowsAtOnce ? static_cast<int>(left) : kRowsAtOnce;
  const float* x = args.x + row * args.in;
  float sums[kRowsAtOnce] = {};
  const int64_t begin = output * args.in;
  if (args.in % 8 == 0 && reinterpret_cast<uintptr_t>(args.codes) % 4 == 0 &&
      reinterpret_cast<uintptr_t>(x) % 16 == 0) {
    // Eight weights a lane: 4 bytes of codes, 32 of x, one scale; those of four turns are under way at once.
    const unsigned* words = reinterpret_cast<const unsigned*>(args.codes + begin / 2);
#pragma unroll 4
    for (int64_t i = 8 * (threadIdx.x % kWarp); i < args.in; i += 8 * kWarp) {
      const unsigned word = words[i / 8];
      const float absmax = args.absmax[(begin + i) / kNf4Block];
      float weights[8];
#pragma unroll
      for (int w = 0; w < 8; ++w)  // a byte's upper half is the first of two, a word's lowest byte the first
        weights[w] = level[word >> (w / 2 * 8 + (w % 2 == 0 ? 4 : 0)) & 15] * absmax;
#pragma unroll
      for (int r = 0; r < kRowsAtOnce; ++r) {
        if (r >= rows) continue;
        const Pack<float>* packs = reinterpret_cast<const Pack<float>*>(x + r * args.in + i);
        const Pack<float> first = packs[0], second = packs[1];
#pragma unroll
        for (int w = 0; w < 4; ++w) sums[r] += first.value[w] * weights[w];
#pragma unroll
        for (int w = 0; w < 4; ++w) sums[r] += second.value[w] * weights[4 + w];
      }
    }
  } else {
    for (int64_t i = threadIdx.x % kWarp; i < args.in; i += kWarp) {
      const float weight = level[code_at(args.codes, begin + i)] * args.absmax[(begin + i) / kNf4Block];
#pragma unroll
      for (int r = 0; r < kRowsAtOnce; ++r)
        if (r < rows) sums[r] += x[r * args.in + i] * weight;
    }
  }
#pragma unroll
  for (int r = 0; r < kRowsAtOnce; ++r) {
    const float sum = warp_reduce<Add>(sums[r]);
    if (r < rows && threadIdx.x % kWarp == 0) args.y[(row + r) * args.out + output] = sum;
  }
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
    launch("nf4_dequantize on CUDA", dequantize_kernel<T>,
           blocks_for_elements((args.count + Pack<T>::kSize - 1) / Pack<T>::kSize), kElementThreads,
           use_stream(stream), static_cast<const uint8_t*>(args.codes),
           static_cast<const float*>(args.absmax), args.count, static_cast<T*>(args.dequantized),
           lies_in_packs<T>(0, args.dequantized), Nf4Levels());
  });
}

void nf4_product(const Nf4ProductArgs& args, const KernelStream& stream) {
  launch("nf4_linear on CUDA", product_kernel,
         dim3(blocks_of(args.out), static_cast<unsigned>((args.rows + kRowsAtOnce - 1) / kRowsAtOnce)),
         kThreads, use_stream(stream), args, Nf4Levels());
}

}  // namespace xlt::ops::cuda
