// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul_operands.h"

#include "ops/nf4_kernels.h"

#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

constexpr int64_t kAlongDepth = 1024, kFewInputs = 128;
// Floats repacked by one task at least.
constexpr int64_t kPackedTask = 32768;

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

void widen_nf4(const CpuMatmul& product, int64_t offset, int64_t stride, int64_t rows, int64_t columns,
               float* to) {
  for (int64_t row = 0; row < rows; ++row)
    cpu::nf4_dequantize_range(static_cast<const uint8_t*>(product.weight), product.nf4_absmax,
                              offset + row * stride, columns, to + row * columns);
}

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

// A panel's rows of x, inputs begin … begin + depth.
void pack_panel(const CpuMatmul& product, const Panel& panel, int64_t begin, int64_t depth) {
  float* to = panel.values;
  const float* from = product.x + panel.first_row * product.x_row_stride + begin * product.x_column_stride;
  if (product.x_column_stride == 1) {
    transpose(from, product.x_row_stride, panel.rows, depth, to, panel.width);
  } else if (product.x_row_stride == 1) {
    copy_columns(from, product.x_column_stride, panel.rows, depth, to, panel.width);
  } else {
    for (int64_t i = 0; i < depth; ++i)
      for (int64_t row = 0; row < panel.rows; ++row)
        to[i * panel.width + row] = from[i * product.x_column_stride + row * product.x_row_stride];
  }
  for (int64_t i = 0; i < depth; ++i)
    std::fill(to + i * panel.width + panel.rows, to + (i + 1) * panel.width, 0.0f);
}

}  // namespace

bool is_turned(const CpuMatmul& product) { return product.in_stride == 1 && product.in <= kFewInputs; }
bool is_across(const CpuMatmul& product) { return product.in_stride != 1 || is_turned(product); }
int64_t depth_of(const CpuMatmul& product) { return is_across(product) ? kRun : kAlongDepth; }

float* Buffer::data() const {
  return reinterpret_cast<float*>(
      round_up(static_cast<int64_t>(reinterpret_cast<intptr_t>(storage_.get())), kLine * sizeof(float)));
}

int64_t packed_rows(const CpuMatmul& product) {
  return is_across(product) ? product.rows : round_up(product.rows, kStep);
}

std::vector<PackedBlock> pack(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed) {
  const int64_t deepest = depth_of(product), step = is_across(product) ? 1 : kStep;
  std::vector<PackedBlock> blocks;
  for (int64_t first = 0; first < depth; first += deepest) {
    blocks.push_back({begin + first, std::min(deepest, depth - first), {}});
    PackedBlock& block = blocks.back();
    float* to = packed + first * packed_rows(product);
    for (int64_t row = 0, rows = 0; row < product.rows; row += rows) {
      rows = panel_rows(product, product.rows - row);
      block.panels.push_back({to + row * block.depth, row, rows, round_up(rows, step)});
    }
  }
  const std::vector<Panel>& panels = blocks.front().panels;
  const int64_t num_panels = static_cast<int64_t>(panels.size()),
                num_blocks = static_cast<int64_t>(blocks.size());
  const int64_t grain = std::max<int64_t>(1, kPackedTask / (panels.front().width * std::min(deepest, depth)));
  at::parallel_for(0, num_panels * num_blocks, grain, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const PackedBlock& block = blocks[task / num_panels];
      pack_panel(product, block.panels[task % num_panels], block.begin, block.depth);
    }
  });
  return blocks;
}

Chunk ChunkReader::read(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const int64_t offset = first * product_.out_stride + begin * product_.in_stride;
  const bool inputs_adjacent = product_.in_stride == 1, is_nf4 = product_.nf4_absmax != nullptr;
  const bool is_widened = is_nf4 || product_.dtype != KernelDtype::kF32;
  int64_t stride = inputs_adjacent ? product_.out_stride : product_.in_stride;
  const int64_t rows = inputs_adjacent ? outputs : depth, columns = inputs_adjacent ? depth : outputs;
  const float* values = nullptr;
  if (is_widened) {
    widened_.resize(static_cast<size_t>(rows * columns));
    if (is_nf4)
      widen_nf4(product_, offset, stride, rows, columns, widened_.data());
    else
      widen_block(static_cast<const uint16_t*>(product_.weight) + offset, product_.dtype, stride, rows,
                  columns, widened_.data());
    values = widened_.data();
    stride = columns;
  } else {
    values = static_cast<const float*>(product_.weight) + offset;
  }
  if (is_turned(product_)) {
    turned_.resize(static_cast<size_t>(outputs * depth));
    transpose(values, stride, outputs, depth, turned_.data(), outputs);
    return {turned_.data(), outputs, depth, outputs, 0};
  }
  const bool has_next = !is_widened && first + outputs < product_.out;
  return {values, outputs, depth, stride, inputs_adjacent && has_next ? outputs * stride : 0};
}

}  // namespace xlt::ops
