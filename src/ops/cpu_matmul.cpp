// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu_matmul.h"

#include "ops/lanes.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

// A tile of y is kTileOut outputs by up to 3 vectors of 8 rows: 12 sums, 3 vectors of x and one broadcast
// weight fill the 16 registers of AVX2, and 7 loads serve 12 multiply-adds.
constexpr int64_t kTileOut = 4, kLane = 8, kPanelRows = 24;
constexpr int64_t kMaxChunk =
    64;  // outputs of a task; with kDeep inputs of float32 they fill half a second-level cache
// Inputs summed between two visits to y. Fewer where the weight is read across its rows, so that the lines a
// tile touches are still in the first-level cache for the next tile.
constexpr int64_t kDeep = 1024, kAcross = 256;
// Inputs summed in one chain of multiply-adds; such sums are added up. A longer chain rounds at a larger
// partial sum.
constexpr int64_t kRun = 256;

using Vector = Lanes<float>;
typedef float Quad __attribute__((vector_size(16)));
typedef int32_t QuadIndex __attribute__((vector_size(16)));

// x's panel of rows 24·p … of one block of inputs, [depth][width]: width rows of x side by side, zeros beyond
// the last.
struct Panel {
  const float* values;
  int64_t first_row, rows, width;
};
// A block of inputs of one chunk of outputs: weight (o, i) at values[o · out_stride + i · in_stride].
struct Chunk {
  const float* values;
  int64_t outputs, depth, out_stride, in_stride;
};

XLT_INLINE Quad load_quad(const float* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof(quad));
  return quad;
}

// Four outputs of four rows, transposed from [output][row], into y.
XLT_INLINE void store_quads(const Quad (&in)[4], float* y, int64_t stride, int64_t rows, float alpha,
                            bool add) {
  const QuadIndex low = {0, 4, 1, 5}, high = {2, 6, 3, 7}, first = {0, 1, 4, 5}, second = {2, 3, 6, 7};
  const Quad a = __builtin_shuffle(in[0], in[1], low), b = __builtin_shuffle(in[2], in[3], low);
  const Quad c = __builtin_shuffle(in[0], in[1], high), d = __builtin_shuffle(in[2], in[3], high);
  const Quad out[4] = {__builtin_shuffle(a, b, first), __builtin_shuffle(a, b, second),
                       __builtin_shuffle(c, d, first), __builtin_shuffle(c, d, second)};
  for (int64_t i = 0; i < std::min<int64_t>(4, rows); ++i) {
    Quad value = out[i] * alpha;
    if (add) value += load_quad(y + i * stride);
    std::memcpy(y + i * stride, &value, sizeof(value));
  }
}

// totals [kOutputs][8 · kVectors] += the products of `count` inputs, summed in registers.
template <int kOutputs, int kVectors>
XLT_INLINE void add_run(const float* weight, int64_t out_stride, int64_t in_stride, const float* x,
                        int64_t count, float* totals) {
  Vector sums[kOutputs][kVectors] = {};
  for (int64_t i = 0; i < count; ++i) {
    Vector columns[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      std::memcpy(&columns[v], x + (i * kVectors + v) * kLane, sizeof(Vector));
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) {
      const float w = weight[o * out_stride + i * in_stride];
      const Vector wide = {w, w, w, w, w, w, w, w};
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sums[o][v] += wide * columns[v];
    }
  }
#pragma GCC unroll 4
  for (int o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      float* place = totals + (o * kVectors + v) * kLane;
      Vector total;
      std::memcpy(&total, place, sizeof(Vector));
      total += sums[o][v];
      std::memcpy(place, &total, sizeof(Vector));
    }
  }
}

// A tile's sums, transposed, into y.
template <int kVectors>
XLT_INLINE void store_tile(const float* totals, const Panel& panel, float* y, int64_t y_stride, float alpha,
                           bool add) {
  constexpr int64_t kWidth = kVectors * kLane;
  for (int64_t row = 0; row < panel.rows; row += 4) {
    const Quad quads[4] = {load_quad(totals + row), load_quad(totals + kWidth + row),
                           load_quad(totals + 2 * kWidth + row), load_quad(totals + 3 * kWidth + row)};
    store_quads(quads, y + row * y_stride, y_stride, panel.rows - row, alpha, add);
  }
}

// A run of the panel is in the first-level cache while every output of the chunk goes over it.
template <int kVectors, bool kUnitIn>
XLT_INLINE void panel_of(const Chunk& chunk, const Panel& panel, float* y, int64_t y_stride, float alpha,
                         bool add) {
  constexpr int64_t kWidth = kVectors * kLane;
  const int64_t in_stride = kUnitIn ? 1 : chunk.in_stride, out_stride = kUnitIn ? chunk.out_stride : 1;
  const int64_t tiled = chunk.outputs / kTileOut * kTileOut;
  alignas(sizeof(Vector)) float totals[kMaxChunk * kWidth] = {};
  for (int64_t begin = 0; begin < chunk.depth; begin += kRun) {
    const int64_t count = std::min(kRun, chunk.depth - begin);
    const float *weight = chunk.values + begin * in_stride, *x = panel.values + begin * kWidth;
    int64_t output = 0;
    for (; output < tiled; output += kTileOut)
      add_run<kTileOut, kVectors>(weight + output * out_stride, out_stride, in_stride, x, count,
                                  totals + output * kWidth);
    for (; output < chunk.outputs; ++output)
      add_run<1, kVectors>(weight + output * out_stride, out_stride, in_stride, x, count,
                           totals + output * kWidth);
  }
  int64_t output = 0;
  for (; output < tiled; output += kTileOut)
    store_tile<kVectors>(totals + output * kWidth, panel, y + output, y_stride, alpha, add);
  for (; output < chunk.outputs; ++output)
    for (int64_t row = 0; row < panel.rows; ++row) {
      float& place = y[row * y_stride + output];
      place = totals[output * kWidth + row] * alpha + (add ? place : 0.0f);
    }
}

template <bool kUnitIn>
XLT_INLINE void panels_of(const Chunk& chunk, const Panel* panels, int64_t num_panels, float* y,
                          int64_t y_stride, float alpha, bool add) {
  for (int64_t p = 0; p < num_panels; ++p) {
    float* rows = y + panels[p].first_row * y_stride;
    if (panels[p].width == kLane)
      panel_of<1, kUnitIn>(chunk, panels[p], rows, y_stride, alpha, add);
    else if (panels[p].width == 2 * kLane)
      panel_of<2, kUnitIn>(chunk, panels[p], rows, y_stride, alpha, add);
    else
      panel_of<3, kUnitIn>(chunk, panels[p], rows, y_stride, alpha, add);
  }
}

XLT_CPU_KERNEL void multiply(const Chunk& chunk, const Panel* panels, int64_t num_panels, float* y,
                             int64_t y_stride, float alpha, bool add) {
  if (chunk.in_stride == 1)
    panels_of<true>(chunk, panels, num_panels, y, y_stride, alpha, add);
  else
    panels_of<false>(chunk, panels, num_panels, y, y_stride, alpha, add);
}

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

// The chunk as float32: where it lies, or widened into `buffer`.
Chunk chunk_of(const CpuMatmul& product, int64_t first, int64_t outputs, int64_t begin, int64_t depth,
               std::vector<float>& buffer) {
  const int64_t offset = first * product.out_stride + begin * product.in_stride;
  if (product.dtype == KernelDtype::kF32)
    return {static_cast<const float*>(product.weight) + offset, outputs, depth, product.out_stride,
            product.in_stride};
  const bool unit_in = product.in_stride == 1;
  const int64_t rows = unit_in ? outputs : depth, columns = unit_in ? depth : outputs;
  buffer.resize(static_cast<size_t>(rows * columns));
  widen_block(static_cast<const uint16_t*>(product.weight) + offset, product.dtype,
              unit_in ? product.out_stride : product.in_stride, rows, columns, buffer.data());
  return {buffer.data(), outputs, depth, unit_in ? columns : 1, unit_in ? 1 : columns};
}

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// One block of inputs of x, repacked: panels of up to 24 rows.
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
        round_up(static_cast<int64_t>(reinterpret_cast<intptr_t>(storage_.get())), sizeof(Vector)));
  }

 private:
  std::unique_ptr<float[]> storage_;
};

void pack_panel(const CpuMatmul& product, const Panel& panel, int64_t begin, int64_t depth, float* to) {
  const float* from = product.x + panel.first_row * product.x_row_stride + begin * product.x_column_stride;
  for (int64_t i = 0; i < depth; ++i)
    for (int64_t row = 0; row < panel.width; ++row)
      to[i * panel.width + row] =
          row < panel.rows ? from[row * product.x_row_stride + i * product.x_column_stride] : 0.0f;
}

PackedBlock pack(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed) {
  PackedBlock block{begin, depth, {}};
  for (int64_t row = 0; row < product.rows; row += kPanelRows) {
    const int64_t rows = std::min(kPanelRows, product.rows - row);
    block.panels.push_back({packed + row * depth, row, rows, round_up(rows, kLane)});
  }
  at::parallel_for(0, static_cast<int64_t>(block.panels.size()), 4, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p)
      pack_panel(product, block.panels[p], begin, depth, packed + block.panels[p].first_row * depth);
  });
  return block;
}

int64_t depth_of(const CpuMatmul& product) { return product.in_stride == 1 ? kDeep : kAcross; }

// Outputs first … first + outputs of one block of inputs; y points at the first of them.
void multiply_chunk(const CpuMatmul& product, const PackedBlock& block, int64_t first, int64_t outputs,
                    float* y, int64_t y_row_stride, bool add, std::vector<float>& widened) {
  const Chunk chunk = chunk_of(product, first, outputs, block.begin, block.depth, widened);
  multiply(chunk, block.panels.data(), static_cast<int64_t>(block.panels.size()), y, y_row_stride,
           product.alpha, add);
}

}  // namespace

void cpu_matmul(const CpuMatmul& product) {
  const int64_t deepest = depth_of(product);
  const Buffer packed(round_up(product.rows, kLane) * std::min(deepest, product.in));
  const int64_t shares = 4 * at::get_num_threads();
  const int64_t size =
      std::clamp(round_up((product.out + shares - 1) / shares, kTileOut), kTileOut, kMaxChunk);
  for (int64_t begin = 0; begin < product.in; begin += deepest) {
    const PackedBlock block = pack(product, begin, std::min(deepest, product.in - begin), packed.data());
    at::parallel_for(0, (product.out + size - 1) / size, 1, [&](int64_t first, int64_t last) {
      std::vector<float> widened;
      for (int64_t c = first; c < last; ++c)
        multiply_chunk(product, block, c * size, std::min(size, product.out - c * size), product.y + c * size,
                       product.y_row_stride, product.add || begin > 0, widened);
    });
  }
}

void cpu_matmul_blocks(const CpuMatmul& product, int64_t outputs, const OutputBlock& visit) {
  const int64_t deepest = depth_of(product), width = round_up(product.rows, kLane);
  const Buffer packed(width * product.in);
  std::vector<PackedBlock> blocks;
  for (int64_t begin = 0; begin < product.in; begin += deepest)
    blocks.push_back(
        pack(product, begin, std::min(deepest, product.in - begin), packed.data() + width * begin));
  at::parallel_for(0, (product.out + outputs - 1) / outputs, 1, [&](int64_t begin, int64_t end) {
    const Buffer y(product.rows * outputs);
    std::vector<float> widened;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * outputs, count = std::min(outputs, product.out - first);
      for (int64_t chunk = 0; chunk < count; chunk += kMaxChunk)
        for (const PackedBlock& block : blocks)
          multiply_chunk(product, block, first + chunk, std::min(kMaxChunk, count - chunk), y.data() + chunk,
                         count, block.begin > 0, widened);
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
