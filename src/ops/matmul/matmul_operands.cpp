// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/matmul_operands.h"

#include "ops/matmul/nf4_kernels.h"

#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>

#include "xlt/base/gguf.h"

namespace xlt::ops {
namespace {

// Lanes of a block along; inputs that are few.
constexpr int64_t kAlongDepth = 1024, kFewInputs = 128;
// Lanes repacked by one task at least.
constexpr int64_t kPackedTask = 32768;
constexpr int64_t kLineBytes = kLine * kLaneBytes;

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

// values[i] ← values[i] rounded to bfloat16 or float16.
template <typename T>
XLT_INLINE void round_values(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = widen(narrow<T>(values[i]));
}
XLT_CPU_KERNEL void round_to(KernelDtype dtype, float* values, int64_t count) {
  if (dtype == KernelDtype::kBf16) round_values<c10::BFloat16>(values, count);
  if (dtype == KernelDtype::kF16) round_values<c10::Half>(values, count);
}

// Float32 → bfloat16, two to a lane; `count` a multiple of 32. Only where there are kernels of pairs.
#ifdef XLT_HAS_AVX_KERNELS
XLT_AVX512_KERNEL void narrow_to_pairs(const float* from, int64_t count, float* to) {
  using Vector = Avx512Tiles::Vector;
  using Halves = BitVector<32>::type;
  constexpr int64_t kStep16 = Avx512Tiles::kFloats;
  for (int64_t i = 0; i < count; i += kStep16) {
    Vector values;
    std::memcpy(&values, from + i, sizeof(values));
    Halves halves;
    asm("vcvtneps2bf16 %1, %0" : "=v"(halves) : "v"(values));  // by its name: see PairOperands
    std::memcpy(to + i / 2, &halves, sizeof(halves));
  }
}
#else
void narrow_to_pairs(const float*, int64_t, float*) {}
#endif

// The first line's boundary from there on.
float* on_a_line(float* place) {
  return reinterpret_cast<float*>(
      round_up(static_cast<int64_t>(reinterpret_cast<intptr_t>(place)), kLineBytes));
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

// Bfloat16 [rows, depth] → lanes [depth / 2, rounded up][width]. A row of lanes is fetched before its turn:
// columns far apart would be waited for one by one.
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

bool is_turned(const CpuMatmul& product) { return product.in_stride == 1 && product.in <= kFewInputs; }
bool is_across(const CpuMatmul& product) { return product.in_stride != 1 || is_turned(product); }
bool reads_halves(const CpuMatmul& product) {
  return !is_paired(product) && !is_across(product) && product.dtype == KernelDtype::kBf16 &&
         product.nf4_absmax == nullptr && product.gguf == nullptr;
}
MultiplyChunk kernel_of(const CpuMatmul& product) {
  const MatmulKernels& kernels = kernels_of(product);
  if (is_across(product)) return kernels.across;
  return reads_halves(product) ? kernels.along_halves : kernels.along;
}
int64_t depth_of(const CpuMatmul& product) {
  return (is_across(product) ? kRun : kAlongDepth) * (is_paired(product) ? 2 : 1);
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

ChunkReader::ChunkReader(const CpuMatmul& product) : product_(product) {
  if (product.gguf != nullptr) widen_blocks_ = widen_blocks_of(*product.gguf);
}

Chunk ChunkReader::read(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const Chunk chunk = product_.gguf != nullptr ? read_gguf(first, outputs, begin, depth)
                      : is_paired(product_)    ? read_pairs(first, outputs, begin, depth)
                                               : read_floats(first, outputs, begin, depth);
  return is_turned(product_) ? turned(chunk) : chunk;
}

Chunk ChunkReader::read_floats(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const int64_t offset = first * product_.out_stride + begin * product_.in_stride;
  const bool inputs_adjacent = product_.in_stride == 1, is_nf4 = product_.nf4_absmax != nullptr;
  const int64_t stride = inputs_adjacent ? product_.out_stride : product_.in_stride;
  if (reads_halves(product_) || (!is_nf4 && product_.dtype == KernelDtype::kF32)) {
    const int64_t size = size_of(product_.dtype);
    const int64_t ahead = inputs_adjacent && first + outputs < product_.out ? outputs * stride : 0;
    return {static_cast<const char*>(product_.weight) + offset * size, outputs, depth, stride * size,
            ahead * size};
  }
  const int64_t rows = inputs_adjacent ? outputs : depth, columns = inputs_adjacent ? depth : outputs;
  converted_.resize(static_cast<size_t>(rows * columns));
  if (is_nf4)
    widen_nf4(product_, offset, stride, rows, columns, converted_.data());
  else
    widen_block(static_cast<const uint16_t*>(product_.weight) + offset, product_.dtype, stride, rows, columns,
                converted_.data());
  return {reinterpret_cast<const char*>(converted_.data()), outputs, depth, columns * kLaneBytes, 0};
}

// Along, pairs lie as the kernel takes them, but for the last of an odd number of inputs.
Chunk ChunkReader::read_pairs(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  constexpr int64_t kSize = sizeof(uint16_t);
  const int64_t lanes = lanes_of(product_, depth);
  const uint16_t* from = static_cast<const uint16_t*>(product_.weight) + first * product_.out_stride +
                         begin * product_.in_stride;
  if (product_.in_stride == 1 && depth % 2 == 0) {
    const int64_t stride = product_.out_stride * kSize;
    return {reinterpret_cast<const char*>(from), outputs, lanes, stride,
            first + outputs < product_.out ? outputs * stride : 0};
  }
  converted_.resize(static_cast<size_t>(outputs * lanes));
  auto* to = reinterpret_cast<char*>(converted_.data());
  if (product_.in_stride == 1) {
    std::fill(converted_.begin(), converted_.end(), 0.0f);
    for (int64_t output = 0; output < outputs; ++output)
      std::memcpy(to + output * lanes * kLaneBytes, from + output * product_.out_stride, depth * kSize);
    return {to, outputs, lanes, lanes * kLaneBytes, 0};
  }
  pack_pairs(from, product_.out_stride, product_.in_stride, outputs, depth, converted_.data(), outputs);
  return {to, outputs, lanes, outputs * kLaneBytes, 0};
}

// `begin` and `depth` are whole blocks: a block of inputs holds a multiple of 256, or what is left of a row.
Chunk ChunkReader::read_gguf(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const GgufType& type = *product_.gguf;
  const int64_t row_bytes = product_.in / type.elements * type.bytes, lanes = lanes_of(product_, depth);
  const uint8_t* from =
      static_cast<const uint8_t*>(product_.weight) + first * row_bytes + begin / type.elements * type.bytes;
  // Rows a power of two apart would share a set of the first-level cache.
  const int64_t stride = lanes + kLine;
  converted_.resize(static_cast<size_t>(outputs * stride + kLine));
  float* const chunk = on_a_line(converted_.data());
  row_.resize(static_cast<size_t>(is_paired(product_) ? depth : 0));
  const int64_t bytes = depth / type.elements * type.bytes, ahead = outputs * row_bytes;
  for (int64_t output = 0; output < outputs; ++output) {
    float* const to = chunk + output * stride;
    float* const values = is_paired(product_) ? row_.data() : to;
    const uint8_t* const row = from + output * row_bytes;
    if (first + outputs + output < product_.out)
      for (int64_t i = 0; i < bytes; i += kLineBytes) __builtin_prefetch(row + ahead + i, 0, 2);
    widen_blocks_(row, depth / type.elements, values);
    if (is_paired(product_))
      narrow_to_pairs(values, depth, to);
    else if (product_.dtype != KernelDtype::kF32)
      round_to(product_.dtype, values, depth);
  }
  return {reinterpret_cast<const char*>(chunk), outputs, lanes, stride * kLaneBytes, 0};
}

Chunk ChunkReader::turned(const Chunk& chunk) {
  turned_.resize(static_cast<size_t>(chunk.outputs * chunk.depth));
  transpose(chunk.values, chunk.stride, chunk.outputs, chunk.depth, turned_.data(), chunk.outputs);
  return {reinterpret_cast<const char*>(turned_.data()), chunk.outputs, chunk.depth,
          chunk.outputs * kLaneBytes, 0};
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
