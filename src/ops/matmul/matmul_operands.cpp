// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/matmul_operands.h"

#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

// Lanes of a block along; inputs that are few.
constexpr int64_t kAlongDepth = 1024, kFewInputs = 128;
// Lanes repacked by one task at least.
constexpr int64_t kPackedTask = 32768;

// Rows of the next panel, of those that are left. With AVX-512, widths along are 8, 16, 24, 32 and 48.
int64_t panel_rows(const CpuMatmul& product, int64_t left) {
  const MatmulKernels& kernels = kernels_of(product);
  if (is_across(product)) return std::min(left, kernels.across_panel);
  constexpr int64_t kWithoutTile = 5 * kStep, kSplit = 4 * kStep;
  if (left < kernels.along_panel && round_up(left, kStep) == kWithoutTile) return kSplit;
  return std::min(left, kernels.along_panel);
}

// to + i · width ← from + i · stride, `rows` floats each. Four at a time: a call for a few of them costs more
// than they do.
void copy_columns(const float* from, int64_t stride, int64_t rows, int64_t columns, float* to,
                  int64_t width) {
  for (int64_t i = 0; i < columns; ++i) {
    const float* column = from + i * stride;
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4) std::memcpy(to + i * width + row, column + row, 4 * sizeof(float));
    for (; row < rows; ++row) to[i * width + row] = column[row];
  }
}

// Float32 [rows, depth] → lanes [depth][width].
void pack_floats(const float* from, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t depth,
                 float* to, int64_t width) {
  if (column_stride == 1) {
    transpose(from, row_stride * kLaneBytes, rows, depth, to, width);
  } else if (row_stride == 1) {
    copy_columns(from, column_stride, rows, depth, to, width);
  } else {
    for (int64_t i = 0; i < depth; ++i)
      for (int64_t row = 0; row < rows; ++row)
        to[i * width + row] = from[i * column_stride + row * row_stride];
  }
}

// Lanes of the elements of two columns, each side by side; without `second`, zeros stand there.
XLT_INLINE void pair_columns(const uint16_t* first, const uint16_t* second, int64_t rows, float* to) {
  const auto store = [to](int64_t row, uint32_t lane)
                         XLT_INLINED { std::memcpy(to + row, &lane, sizeof(lane)); };
  if (second == nullptr)
    for (int64_t row = 0; row < rows; ++row) store(row, first[row]);
  else
    for (int64_t row = 0; row < rows; ++row)
      store(row, first[row] | static_cast<uint32_t>(second[row]) << 16);
}

// Bfloat16 [rows, depth] → lanes [rows][depth / 2, rounded up].
void pack_rows_of_pairs(const uint16_t* from, int64_t row_stride, int64_t column_stride, int64_t rows,
                        int64_t depth, float* to) {
  const int64_t lanes = (depth + 1) / 2;
  if (column_stride != 1) {
    const Buffer turned(lanes * rows);
    pack_pairs(from, row_stride, column_stride, rows, depth, turned.data(), rows);
    return transpose(turned.data(), rows * kLaneBytes, lanes, rows, to, lanes);
  }
  for (int64_t row = 0; row < rows; ++row) {
    to[(row + 1) * lanes - 1] = 0;  // half of it may be no input's
    std::memcpy(to + row * lanes, from + row * row_stride, depth * sizeof(uint16_t));
  }
}

// A panel's rows of x, inputs begin … begin + depth.
void pack_panel(const CpuMatmul& product, const Panel& panel, int64_t begin, int64_t depth) {
  const int64_t offset = panel.first_row * product.x_row_stride + begin * product.x_column_stride;
  if (is_across(product) && kernels_of(product).across_by_rows)
    return pack_rows_of_pairs(static_cast<const uint16_t*>(product.x) + offset, product.x_row_stride,
                              product.x_column_stride, panel.rows, depth, panel.values);
  if (is_paired(product))
    pack_pairs(static_cast<const uint16_t*>(product.x) + offset, product.x_row_stride,
               product.x_column_stride, panel.rows, depth, panel.values, panel.width);
  else
    pack_floats(static_cast<const float*>(product.x) + offset, product.x_row_stride, product.x_column_stride,
                panel.rows, depth, panel.values, panel.width);
  for (int64_t i = 0; i < lanes_of(product, depth); ++i)
    std::fill(panel.values + i * panel.width + panel.rows, panel.values + (i + 1) * panel.width, 0.0f);
}

template <typename T>
XLT_INLINE void store_rows(const float* from, int64_t rows, int64_t outputs, T* to, int64_t stride,
                           bool add) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* __restrict__ sums = from + row * outputs;
    T* __restrict__ place = to + row * stride;
    if (add)
      for (int64_t i = 0; i < outputs; ++i) place[i] = narrow<T>(widen(place[i]) + sums[i]);
    else
      for (int64_t i = 0; i < outputs; ++i) place[i] = narrow<T>(sums[i]);
  }
}

}  // namespace

XLT_CPU_KERNEL void pack_pairs(const uint16_t* from, int64_t row_stride, int64_t column_stride, int64_t rows,
                               int64_t depth, float* to, int64_t width) {
  constexpr int64_t kAhead = 16;  // columns
  int64_t lane = 0;
  if (column_stride == 1) {
    transpose(from, row_stride * static_cast<int64_t>(sizeof(uint16_t)), rows, depth / 2, to, width);
    lane = depth / 2;
  }
  for (; 2 * lane < depth; ++lane) {
    float* place = to + lane * width;
    const uint16_t* first = from + 2 * lane * column_stride;
    const uint16_t* second = 2 * lane + 1 < depth ? first + column_stride : nullptr;
    if (row_stride == 1) {
      for (int64_t i = 0; i < rows; i += 2 * kLine) {
        __builtin_prefetch(first + kAhead * column_stride + i);
        __builtin_prefetch(first + (kAhead + 1) * column_stride + i);
      }
      pair_columns(first, second, rows, place);
    } else {
      for (int64_t row = 0; row < rows; ++row)
        pair_columns(first + row * row_stride, second == nullptr ? nullptr : second + row * row_stride, 1,
                     place + row);
    }
  }
}

bool is_turned(const CpuMatmul& product) { return product.in_stride == 1 && product.in <= kFewInputs; }
bool is_across(const CpuMatmul& product) { return product.in_stride != 1 || is_turned(product); }
bool reads_halves(const CpuMatmul& product) {
  return !is_paired(product) && !is_across(product) && product.dtype == KernelDtype::kBf16 &&
         product.nf4_absmax == nullptr && product.gguf == nullptr &&
         product.rows < kernels_of(product).along_panel;
}
MultiplyChunk kernel_of(const CpuMatmul& product) {
  const MatmulKernels& kernels = kernels_of(product);
  if (is_across(product)) return kernels.across;
  return reads_halves(product) ? kernels.along_halves : kernels.along;
}
int64_t depth_of(const CpuMatmul& product) {
  return (is_across(product) ? kRun : kAlongDepth) * (is_paired(product) ? 2 : 1);
}

float* on_a_line(float* place) {
  return reinterpret_cast<float*>(
      round_up(static_cast<int64_t>(reinterpret_cast<intptr_t>(place)), kLine * kLaneBytes));
}
float* Buffer::data() const { return on_a_line(storage_.get()); }

int64_t row_step(const CpuMatmul& product) { return is_across(product) ? 1 : kernels_of(product).along_step; }

int64_t packed_rows(const CpuMatmul& product) { return round_up(product.rows, row_step(product)); }

std::vector<PackedBlock> pack(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed) {
  const int64_t deepest = depth_of(product), step = row_step(product);
  std::vector<PackedBlock> blocks;
  for (int64_t first = 0; first < depth; first += deepest) {
    blocks.push_back({begin + first, std::min(deepest, depth - first), {}});
    PackedBlock& block = blocks.back();
    float* to = packed + lanes_of(product, first) * packed_rows(product);
    for (int64_t row = 0, rows = 0; row < product.rows; row += rows) {
      rows = panel_rows(product, product.rows - row);
      block.panels.push_back({to + row * lanes_of(product, block.depth), row, rows, round_up(rows, step)});
    }
  }
  const std::vector<Panel>& panels = blocks.front().panels;
  const int64_t num_panels = static_cast<int64_t>(panels.size()),
                num_blocks = static_cast<int64_t>(blocks.size());
  const int64_t lanes = panels.front().width * lanes_of(product, std::min(deepest, depth));
  const int64_t grain = std::max<int64_t>(1, kPackedTask / lanes);
  at::parallel_for(0, num_panels * num_blocks, grain, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const PackedBlock& block = blocks[task / num_panels];
      pack_panel(product, block.panels[task % num_panels], block.begin, block.depth);
    }
  });
  return blocks;
}

XLT_CPU_KERNEL void store_outputs(const CpuMatmul& product, int64_t first, int64_t outputs,
                                  const float* from) {
  with_dtype(product.y_dtype, [&](auto zero) XLT_INLINED {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, double>)
      store_rows(from, product.rows, outputs, static_cast<T*>(product.y) + first, product.y_row_stride,
                 product.add);
  });
}

}  // namespace xlt::ops
