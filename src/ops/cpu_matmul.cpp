// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu_matmul.h"

#include "ops/matmul_operands.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

// Floats of x repacked at a time (4 MiB), or a block of inputs if that is more.
constexpr int64_t kPackedFloats = int64_t{1} << 20;
// A weight that stays in a second-level cache, and floats of x that do so beside it.
constexpr int64_t kSmallWeight = int64_t{1} << 17, kFloatsBeside = int64_t{1} << 18;

// Every row, outputs first … last, one thread; y points at the first of them. Block by block, so that the
// packed values stay in its cache.
void multiply_outputs(const CpuMatmul& product, const std::vector<PackedBlock>& blocks, int64_t first,
                      int64_t last, float* y, int64_t y_row_stride, bool add) {
  const auto multiply = is_across(product) ? kernels_of(product).across : kernels_of(product).along;
  ChunkReader weights(product);
  for (const PackedBlock& block : blocks)
    for (int64_t output = first; output < last; output += kMaxChunk) {
      const Chunk chunk = weights.read(output, std::min(kMaxChunk, last - output), block.begin, block.depth);
      multiply(chunk, block.panels.data(), static_cast<int64_t>(block.panels.size()),
               {y + output - first, y_row_stride, add || &block != blocks.data()});
    }
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
    const int64_t most = std::max(kStep, kFloatsBeside / product.in / kStep * kStep);
    const Buffer packed(round_up(std::min(most, last - begin * share), kStep) * product.in);
    for (int64_t row = begin * share; row < last; row += most) {
      const CpuMatmul part = rows_of(product, row, std::min(row + most, last));
      multiply_outputs(part, pack(part, 0, part.in, packed.data()), 0, part.out, part.y, part.y_row_stride,
                       part.add);
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
      multiply_outputs(product, blocks, first * share, std::min(last * share, product.out),
                       product.y + first * share, product.y_row_stride, product.add || begin > 0);
    });
  }
}

}  // namespace

void cpu_matmul(const CpuMatmul& product) {
  XLT_CHECK(product.rows > 0 && product.in > 0 && product.out > 0, "an empty product");
  if (product.in * product.out <= kSmallWeight)
    multiply_by_rows(product);
  else
    multiply_by_outputs(product);
}

void cpu_matmul_blocks(const CpuMatmul& product, int64_t outputs, const OutputBlock& visit,
                       int64_t blocks_per_task) {
  XLT_CHECK(product.rows > 0 && product.in > 0 && product.out > 0, "an empty product");
  const Buffer packed(packed_rows(product) * product.in);
  const auto blocks = pack(product, 0, product.in, packed.data());
  const int64_t num_blocks = (product.out + outputs - 1) / outputs;
  const int64_t num_tasks = (num_blocks + blocks_per_task - 1) / blocks_per_task;
  at::parallel_for(0, num_tasks, 1, [&](int64_t begin, int64_t end) {
    const Buffer y(product.rows * outputs);
    for (int64_t b = begin * blocks_per_task; b < std::min(end * blocks_per_task, num_blocks); ++b) {
      const int64_t first = b * outputs, count = std::min(outputs, product.out - first);
      multiply_outputs(product, blocks, first, first + count, y.data(), count, false);
      visit(first, count, y.data());
    }
  });
}

bool cpu_matmul_suits() {
#ifdef XLT_HAS_AVX_KERNELS
  static const bool kSuits = __builtin_cpu_supports("x86-64-v3");
  return kSuits;
#else
  return false;
#endif
}

}  // namespace xlt::ops
