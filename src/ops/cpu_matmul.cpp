// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu_matmul.h"

#include "ops/matmul_kernels.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

// Inputs summed between two visits to y; across, no more than one chain of additions.
constexpr int64_t kAlongDepth = 1024, kAcrossDepth = kRun;
// Floats of x repacked at a time (4 MiB), and by one task at least.
constexpr int64_t kPackedFloats = int64_t{1} << 20, kPackedTask = 32768;

// Few inputs: storing y takes most of the time, and the kernel across stores whole lines of it.
constexpr int64_t kFewInputs = 128;

bool is_turned(const CpuMatmul& product) { return product.in_stride == 1 && product.in <= kFewInputs; }
bool is_across(const CpuMatmul& product) { return product.in_stride != 1 || is_turned(product); }
int64_t depth_of(const CpuMatmul& product) { return is_across(product) ? kAcrossDepth : kAlongDepth; }

template <typename T>
XLT_INLINE void widen_rows(const T* from, int64_t stride, int64_t rows, int64_t columns, float* to) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < columns; ++i) to[row * columns + i] = widen(from[row * stride + i]);
}
XLT_CPU_KERNEL void widen_block(const void* from, KernelDtype dtype, int64_t stride, int64_t rows,
                                int64_t columns, float* to) {
  if (dtype == KernelDtype::kBf16)
    widen_rows(static_cast<const c10::BFloat16*>(from), stride, rows, columns, to);
  else
    widen_rows(static_cast<const c10::Half*>(from), stride, rows, columns, to);
}

// A few outputs' weights as float32, as the kernel takes them.
class ChunkReader {
 public:
  explicit ChunkReader(const CpuMatmul& product) : product_(product) {}

  // Where they lie, or converted into this reader's memory until the next call.
  Chunk read(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
    const int64_t offset = first * product_.out_stride + begin * product_.in_stride;
    const bool is_along = product_.in_stride == 1;
    int64_t stride = is_along ? product_.out_stride : product_.in_stride;
    const int64_t rows = is_along ? outputs : depth, columns = is_along ? depth : outputs;
    const float* values = static_cast<const float*>(product_.weight) + offset;
    if (product_.dtype != KernelDtype::kF32) {
      widened_.resize(static_cast<size_t>(rows * columns));
      widen_block(static_cast<const uint16_t*>(product_.weight) + offset, product_.dtype, stride, rows,
                  columns, widened_.data());
      values = widened_.data();
      stride = columns;
    }
    if (!is_turned(product_)) return {values, outputs, depth, stride};
    turned_.resize(static_cast<size_t>(outputs * depth));
    transpose(values, stride, outputs, depth, turned_.data(), outputs);
    return {turned_.data(), outputs, depth, outputs};
  }

 private:
  const CpuMatmul& product_;
  std::vector<float> widened_, turned_;
};

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// One block of inputs of x, repacked.
struct PackedBlock {
  int64_t begin, depth;
  std::vector<Panel> panels;
};

// Float32 storage that begins on a vector's boundary and is not cleared.
class Buffer {
 public:
  explicit Buffer(int64_t size) : storage_(new float[static_cast<size_t>(size + kLane)]) {}
  float* data() const {
    return reinterpret_cast<float*>(
        round_up(static_cast<int64_t>(reinterpret_cast<intptr_t>(storage_.get())), kLane * sizeof(float)));
  }

 private:
  std::unique_ptr<float[]> storage_;
};

// A panel's rows of x, inputs begin … begin + depth.
void pack_panel(const CpuMatmul& product, const Panel& panel, int64_t begin, int64_t depth) {
  float* to = panel.values;
  const float* from = product.x + panel.first_row * product.x_row_stride + begin * product.x_column_stride;
  if (product.x_column_stride == 1) {
    transpose(from, product.x_row_stride, panel.rows, depth, to, panel.width);
  } else {
    for (int64_t i = 0; i < depth; ++i) {
      const float* column = from + i * product.x_column_stride;
      if (product.x_row_stride == 1) {
        std::copy_n(column, panel.rows, to + i * panel.width);
      } else {
        for (int64_t row = 0; row < panel.rows; ++row)
          to[i * panel.width + row] = column[row * product.x_row_stride];
      }
    }
  }
  for (int64_t i = 0; i < depth; ++i)
    std::fill(to + i * panel.width + panel.rows, to + (i + 1) * panel.width, 0.0f);
}

// Inputs begin … begin + depth of x, in blocks, into `packed`.
std::vector<PackedBlock> pack(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed) {
  const int64_t most = is_across(product) ? kAcrossPanel : kAlongPanel, step = is_across(product) ? 1 : kLane;
  const int64_t deepest = depth_of(product), num_panels = (product.rows + most - 1) / most;
  std::vector<PackedBlock> blocks;
  for (int64_t first = 0; first < depth; first += deepest) {
    blocks.push_back({begin + first, std::min(deepest, depth - first), {}});
    float* to = packed + first * round_up(product.rows, step);
    for (int64_t row = 0; row < product.rows; row += most) {
      const int64_t rows = std::min(most, product.rows - row);
      blocks.back().panels.push_back({to + row * blocks.back().depth, row, rows, round_up(rows, step)});
    }
  }
  const int64_t total = num_panels * static_cast<int64_t>(blocks.size());
  const int64_t grain = std::max<int64_t>(1, kPackedTask / (most * std::min(deepest, depth)));
  at::parallel_for(0, total, grain, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const PackedBlock& block = blocks[task / num_panels];
      pack_panel(product, block.panels[task % num_panels], block.begin, block.depth);
    }
  });
  return blocks;
}

// Outputs first … first + outputs of one block of inputs; y points at the first of them.
void multiply_chunk(const CpuMatmul& product, const PackedBlock& block, int64_t first, int64_t outputs,
                    float* y, int64_t y_row_stride, bool add, ChunkReader& weights) {
  const Chunk chunk = weights.read(first, outputs, block.begin, block.depth);
  const ChunkOutput out{y, y_row_stride, product.alpha, add};
  const auto kernel = is_across(product) ? multiply_across : multiply_along;
  kernel(chunk, block.panels.data(), static_cast<int64_t>(block.panels.size()), out);
}

}  // namespace

void cpu_matmul(const CpuMatmul& product) {
  const int64_t width = round_up(product.rows, kLane), deepest = depth_of(product);
  const int64_t group = std::max<int64_t>(1, kPackedFloats / (width * deepest)) * deepest;
  const Buffer packed(width * std::min(group, product.in));
  const int64_t shares = 4 * at::get_num_threads();
  const int64_t size =
      std::clamp(round_up((product.out + shares - 1) / shares, 2 * kLane), 2 * kLane, kMaxChunk);
  for (int64_t begin = 0; begin < product.in; begin += group) {
    const auto blocks = pack(product, begin, std::min(group, product.in - begin), packed.data());
    at::parallel_for(0, (product.out + size - 1) / size, 1, [&](int64_t first, int64_t last) {
      ChunkReader weights(product);
      for (int64_t c = first; c < last; ++c)
        for (const PackedBlock& block : blocks)
          multiply_chunk(product, block, c * size, std::min(size, product.out - c * size),
                         product.y + c * size, product.y_row_stride, product.add || block.begin > 0, weights);
    });
  }
}

void cpu_matmul_blocks(const CpuMatmul& product, int64_t outputs, const OutputBlock& visit) {
  const Buffer packed(round_up(product.rows, kLane) * product.in);
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
  static const bool kSuits =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !__builtin_cpu_supports("avx512f");
  return kSuits;
#else
  return false;
#endif
}

}  // namespace xlt::ops
