// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu_matmul.h"

#include "ops/matmul_operands.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

// Floats of x repacked at a time (4 MiB).
constexpr int64_t kPackedFloats = int64_t{1} << 20;
// A weight that stays in a second-level cache, and rows of x that do so beside it.
constexpr int64_t kSmallWeight = int64_t{1} << 17, kRowsBeside = 144;

template <typename Tiles>
constexpr MatmulKernels kernels(MultiplyChunk along, MultiplyChunk across) {
  return {2 * Tiles::kLane, Tiles::kAlongVectors * Tiles::kLane, Tiles::kAcrossRows, along, across};
}

// Outputs first … first + outputs of one block of inputs; y points at the first of them.
void multiply_chunk(const CpuMatmul& product, const PackedBlock& block, int64_t first, int64_t outputs,
                    float* y, int64_t y_row_stride, bool add, ChunkReader& weights) {
  const Chunk chunk = weights.read(first, outputs, block.begin, block.depth);
  const ChunkOutput out{y, y_row_stride, product.alpha, add};
  const auto kernel = is_across(product) ? kernels_of(product).across : kernels_of(product).along;
  kernel(chunk, block.panels.data(), static_cast<int64_t>(block.panels.size()), out);
}

// Every row, outputs first … last, one thread. Block by block, so that the packed values stay in its cache.
void multiply_outputs(const CpuMatmul& product, const std::vector<PackedBlock>& blocks, int64_t first,
                      int64_t last) {
  ChunkReader weights(product);
  for (const PackedBlock& block : blocks)
    for (int64_t output = first; output < last; output += kMaxChunk)
      multiply_chunk(product, block, output, std::min(kMaxChunk, last - output), product.y + output,
                     product.y_row_stride, product.add || block.begin > 0, weights);
}

CpuMatmul rows_of(const CpuMatmul& product, int64_t first, int64_t last) {
  CpuMatmul part = product;
  part.x += first * product.x_row_stride;
  part.y += first * product.y_row_stride;
  part.rows = last - first;
  return part;
}

// One thread's part of `count`, a multiple of `step`.
int64_t share_of(int64_t count, int64_t step) {
  const int64_t threads = at::get_num_threads();
  return round_up((count + threads - 1) / threads, step);
}

// Each thread repacks its own rows and goes over all of the weight: a small product would take less time than
// the lines that one thread has packed take to the other's cache.
void multiply_by_rows(const CpuMatmul& product) {
  const int64_t share = share_of(product.rows, kStep);
  at::parallel_for(0, (product.rows + share - 1) / share, 1, [&](int64_t begin, int64_t end) {
    const int64_t last = std::min(end * share, product.rows);
    const Buffer packed(round_up(std::min(kRowsBeside, last - begin * share), kStep) * product.in);
    for (int64_t row = begin * share; row < last; row += kRowsBeside) {
      const CpuMatmul part = rows_of(product, row, std::min(row + kRowsBeside, last));
      multiply_outputs(part, pack(part, 0, part.in, packed.data()), 0, part.out);
    }
  });
}

// Each thread takes every row and some of the outputs.
void multiply_by_outputs(const CpuMatmul& product) {
  const int64_t width = packed_rows(product), deepest = depth_of(product);
  const int64_t group = std::max<int64_t>(1, kPackedFloats / (width * deepest)) * deepest;
  const Buffer packed(width * std::min(group, product.in));
  const int64_t share = share_of(product.out, is_across(product) ? kernels_of(product).strip : kStep);
  for (int64_t begin = 0; begin < product.in; begin += group) {
    const auto blocks = pack(product, begin, std::min(group, product.in - begin), packed.data());
    at::parallel_for(0, (product.out + share - 1) / share, 1, [&](int64_t first, int64_t last) {
      multiply_outputs(product, blocks, first * share, std::min(last * share, product.out));
    });
  }
}

}  // namespace

const MatmulKernels& kernels_of(const CpuMatmul& product) {
#ifdef XLT_HAS_AVX512_KERNELS
  static const bool kHasAvx512 = __builtin_cpu_supports("x86-64-v4");
  static constexpr MatmulKernels kAvx512 =
      kernels<Avx512Tiles>(multiply_along_avx512, multiply_across_avx512);
  if (kHasAvx512 && !product.narrow_vectors) return kAvx512;
#endif
  static constexpr MatmulKernels kAvx2 = kernels<Avx2Tiles>(multiply_along_avx2, multiply_across_avx2);
  return kAvx2;
}

void cpu_matmul(const CpuMatmul& product) {
  if (product.in * product.out <= kSmallWeight)
    multiply_by_rows(product);
  else
    multiply_by_outputs(product);
}

void cpu_matmul_blocks(const CpuMatmul& product, int64_t outputs, const OutputBlock& visit) {
  const Buffer packed(packed_rows(product) * product.in);
  const auto blocks = pack(product, 0, product.in, packed.data());
  at::parallel_for(0, (product.out + outputs - 1) / outputs, 1, [&](int64_t begin, int64_t end) {
    const Buffer y(product.rows * outputs);
    ChunkReader weights(product);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * outputs, count = std::min(outputs, product.out - first);
      for (int64_t chunk = 0; chunk < count; chunk += kMaxChunk)
        for (const PackedBlock& block : blocks)
          multiply_chunk(product, block, first + chunk, std::min(kMaxChunk, count - chunk), y.data() + chunk,
                         count, block.begin > 0, weights);
      visit(first, count, y.data());
    }
  });
}

bool cpu_matmul_suits() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool kSuits = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return kSuits;
#else
  return false;
#endif
}

}  // namespace xlt::ops
