// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/cpu_matmul.h"

#include "ops/matmul/matmul_operands.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

// Lanes of x repacked at a time (4 MiB), or a block of inputs if that is more.
constexpr int64_t kPackedLanes = int64_t{1} << 20;
// Lanes of a weight that stay in a second-level cache, and those of x that do so beside it.
constexpr int64_t kSmallWeight = int64_t{1} << 17, kLanesBeside = int64_t{1} << 18;
// Of x in all, beside a weight in blocks; and rows of that at a time: an output tile of every kernel.
constexpr int64_t kPackedBesideBlocks = int64_t{1} << 17, kBlockRows = 8;

// Every row, outputs first … last, one thread; y points at the first of them. Block by block, so that the
// packed values stay in its cache; where they all do, chunk by chunk, as a weight in blocks lies in its file,
// and of that so little at a time that its values stay in the first-level cache. An output's sums are the
// same.
void multiply_outputs(const CpuMatmul& product, const std::vector<PackedBlock>& blocks, ChunkReader& weights,
                      int64_t first, int64_t last, float* y, int64_t y_row_stride, bool add) {
  const MultiplyChunk multiply = kernel_of(product);
  const auto multiply_block = [&](const PackedBlock& block, int64_t output, int64_t most) {
    const Chunk chunk = weights.read(output, std::min(most, last - output), block.begin, block.depth);
    multiply(chunk, block.panels.data(), static_cast<int64_t>(block.panels.size()),
             {y + output - first, y_row_stride, add || &block != blocks.data()});
  };
  if (product.gguf != nullptr &&
      packed_rows(product) * lanes_of(product, product.in) <= kPackedBesideBlocks) {
    for (int64_t output = first; output < last; output += kBlockRows)
      for (const PackedBlock& block : blocks) multiply_block(block, output, kBlockRows);
    return;
  }
  for (const PackedBlock& block : blocks)
    for (int64_t output = first; output < last; output += kMaxChunk) multiply_block(block, output, kMaxChunk);
}

// The same into the product's y: float32 sums go there at once, others are rounded from a chunk's.
void multiply_into_y(const CpuMatmul& product, const std::vector<PackedBlock>& blocks, int64_t first,
                     int64_t last) {
  ChunkReader weights(product);
  if (product.y_dtype == KernelDtype::kF32)
    return multiply_outputs(product, blocks, weights, first, last, static_cast<float*>(product.y) + first,
                            product.y_row_stride, product.add);
  const Buffer sums(product.rows * kMaxChunk);
  for (int64_t output = first; output < last; output += kMaxChunk) {
    const int64_t count = std::min(kMaxChunk, last - output);
    multiply_outputs(product, blocks, weights, output, output + count, sums.data(), count, false);
    store_outputs(product, output, count, sums.data());
  }
}

CpuMatmul rows_of(const CpuMatmul& product, int64_t first, int64_t last) {
  CpuMatmul part = product;
  part.x = static_cast<const char*>(product.x) + first * product.x_row_stride * size_of(product.x_dtype);
  part.y = static_cast<char*>(product.y) + first * product.y_row_stride * size_of(product.y_dtype);
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
  const int64_t share = share_of(product.rows, kStep), lanes = lanes_of(product, product.in);
  at::parallel_for(0, (product.rows + share - 1) / share, 1, [&](int64_t begin, int64_t end) {
    const int64_t last = std::min(end * share, product.rows);
    const int64_t most = std::max(kStep, kLanesBeside / lanes / kStep * kStep);
    const Buffer packed(round_up(std::min(most, last - begin * share), row_step(product)) * lanes);
    for (int64_t row = begin * share; row < last; row += most) {
      const CpuMatmul part = rows_of(product, row, std::min(row + most, last));
      multiply_into_y(part, pack(part, 0, part.in, packed.data()), 0, part.out);
    }
  });
}

// Each thread takes every row and some of the outputs; inputs begin … begin + depth.
void multiply_by_outputs(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed) {
  const int64_t share = share_of(product.out, is_across(product) ? kernels_of(product).strip : kStep);
  const auto blocks = pack(product, begin, depth, packed);
  at::parallel_for(0, (product.out + share - 1) / share, 1, [&](int64_t first, int64_t last) {
    multiply_into_y(product, blocks, first * share, std::min(last * share, product.out));
  });
}

// As much of x at a time as is repacked at once: some inputs of every row, so that the weight is read once.
void multiply_by_inputs(CpuMatmul product) {
  const int64_t width = packed_rows(product), deepest = depth_of(product);
  const int64_t group = std::max<int64_t>(1, kPackedLanes / (width * lanes_of(product, deepest))) * deepest;
  const Buffer packed(width * lanes_of(product, std::min(group, product.in)));
  for (int64_t begin = 0; begin < product.in; begin += group) {
    multiply_by_outputs(product, begin, std::min(group, product.in - begin), packed.data());
    product.add = true;
  }
}

// y cannot hold the sums of some inputs: every input of some rows, so many that they are repacked at once.
int64_t whole_rows(const CpuMatmul& product) {
  constexpr int64_t kMost = 4096;  // their sums, a chunk of outputs each, stay in a second-level cache
  return std::clamp(kPackedLanes / lanes_of(product, product.in) / kStep * kStep, kStep, kMost);
}
void multiply_whole_rows(const CpuMatmul& product) {
  const int64_t lanes = lanes_of(product, product.in), most = whole_rows(product);
  const Buffer packed(round_up(std::min(most, product.rows), row_step(product)) * lanes);
  for (int64_t row = 0; row < product.rows; row += most)
    multiply_by_outputs(rows_of(product, row, std::min(row + most, product.rows)), 0, product.in,
                        packed.data());
}

// By way of float32 sums of all of y: the weight, which float32 rows have widened, is read once.
void multiply_then_round(const CpuMatmul& product) {
  const Buffer sums(product.rows * product.out);
  CpuMatmul wide = product;
  wide.y = sums.data();
  wide.y_row_stride = product.out;
  wide.y_dtype = KernelDtype::kF32;
  wide.add = false;
  multiply_by_inputs(wide);
  at::parallel_for(0, product.rows, 16, [&](int64_t begin, int64_t end) {
    store_outputs(rows_of(product, begin, end), 0, product.out, sums.data() + begin * product.out);
  });
}

void check(const CpuMatmul& product) {
  XLT_CHECK(product.rows > 0 && product.in > 0 && product.out > 0, "an empty product");
  const bool is_pairs = is_paired(product) && product.dtype == KernelDtype::kBf16 &&
                        product.nf4_absmax == nullptr && (cpu_matmul_takes_pairs() || product.kernels);
  XLT_CHECK(product.gguf == nullptr || (product.in_stride == 1 && product.out_stride == product.in),
            "blocks across rows");
  XLT_CHECK(product.x_dtype == KernelDtype::kF32 || is_pairs, "x of a type the kernels do not multiply");
  XLT_CHECK(product.dtype != KernelDtype::kF64 && product.y_dtype != KernelDtype::kF64, "float64 operands");
}

}  // namespace

void cpu_matmul(const CpuMatmul& product) {
  check(product);
  if (lanes_of(product, product.in) * product.out <= kSmallWeight)
    multiply_by_rows(product);
  else if (product.y_dtype == KernelDtype::kF32)
    multiply_by_inputs(product);
  else if (is_paired(product) || product.rows <= whole_rows(product))
    multiply_whole_rows(product);
  else
    multiply_then_round(product);
}

void cpu_matmul_blocks(const CpuMatmul& product, int64_t outputs, const OutputBlock& visit,
                       int64_t blocks_per_task) {
  check(product);
  const Buffer packed(packed_rows(product) * lanes_of(product, product.in));
  const auto blocks = pack(product, 0, product.in, packed.data());
  const int64_t num_blocks = (product.out + outputs - 1) / outputs;
  const int64_t num_tasks = (num_blocks + blocks_per_task - 1) / blocks_per_task;
  at::parallel_for(0, num_tasks, 1, [&](int64_t begin, int64_t end) {
    const Buffer y(product.rows * outputs);
    ChunkReader weights(product);
    for (int64_t b = begin * blocks_per_task; b < std::min(end * blocks_per_task, num_blocks); ++b) {
      const int64_t first = b * outputs, count = std::min(outputs, product.out - first);
      multiply_outputs(product, blocks, weights, first, first + count, y.data(), count, false);
      visit(first, count, y.data());
    }
  });
}

bool cpu_matmul_takes_pairs() {
#ifdef XLT_HAS_AVX_KERNELS
  static const bool kTakes = __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16");
  return kTakes;
#else
  return false;
#endif
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
