// The weight's inputs lie side by side: vectors hold rows of x, and each weight is broadcast.
// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul_kernels.h"

#include <algorithm>

namespace xlt::ops {
namespace {

// A tile of y is kTileOut outputs by up to 3 vectors of 8 rows: 12 sums, 3 vectors of x and one broadcast
// weight fill the 16 registers of AVX2, and 7 loads serve 12 multiply-adds.
constexpr int64_t kTileOut = 4;

using Vector = Lanes<float>;
// Four outputs of four rows, transposed from [output][row], into y.
XLT_INLINE void store_quads(const Quad (&in)[4], float* y, int64_t rows, const ChunkOutput& where) {
  Quad out[4];
  transpose_quads(in, out);
  for (int64_t i = 0; i < std::min<int64_t>(4, rows); ++i) {
    float* place = y + i * where.row_stride;
    Quad value = out[i] * where.alpha;
    if (where.add) value += load_quad(place);
    std::memcpy(place, &value, sizeof(value));
  }
}

// totals [kOutputs][8 · kVectors] += the products of `count` inputs, summed in registers.
template <int kOutputs, int kVectors>
XLT_INLINE void add_run(const float* weight, int64_t stride, const float* x, int64_t count, float* totals) {
  Vector sums[kOutputs][kVectors] = {};
  for (int64_t i = 0; i < count; ++i) {
    Vector columns[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      std::memcpy(&columns[v], x + (i * kVectors + v) * kLane, sizeof(Vector));
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) {
      const float w = weight[o * stride + i];
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
XLT_INLINE void store_tile(const float* totals, int64_t rows, float* y, const ChunkOutput& out) {
  constexpr int64_t kWidth = kVectors * kLane;
  for (int64_t row = 0; row < rows; row += 4) {
    const Quad quads[4] = {load_quad(totals + row), load_quad(totals + kWidth + row),
                           load_quad(totals + 2 * kWidth + row), load_quad(totals + 3 * kWidth + row)};
    store_quads(quads, y + row * out.row_stride, rows - row, out);
  }
}

// A run of the panel is in the first-level cache while every output of the chunk goes over it.
template <int kVectors>
XLT_INLINE void multiply_panel(const Chunk& chunk, const Panel& panel, const ChunkOutput& out) {
  constexpr int64_t kWidth = kVectors * kLane;
  const int64_t tiled = chunk.outputs / kTileOut * kTileOut;
  alignas(sizeof(Vector)) float totals[kMaxChunk * kWidth] = {};
  for (int64_t begin = 0; begin < chunk.depth; begin += kRun) {
    const int64_t count = std::min(kRun, chunk.depth - begin);
    const float *weight = chunk.values + begin, *x = panel.values + begin * kWidth;
    int64_t output = 0;
    for (; output < tiled; output += kTileOut)
      add_run<kTileOut, kVectors>(weight + output * chunk.stride, chunk.stride, x, count,
                                  totals + output * kWidth);
    for (; output < chunk.outputs; ++output)
      add_run<1, kVectors>(weight + output * chunk.stride, chunk.stride, x, count, totals + output * kWidth);
  }
  float* y = out.y + panel.first_row * out.row_stride;
  int64_t output = 0;
  for (; output < tiled; output += kTileOut)
    store_tile<kVectors>(totals + output * kWidth, panel.rows, y + output, out);
  for (; output < chunk.outputs; ++output)
    for (int64_t row = 0; row < panel.rows; ++row) {
      float& place = y[row * out.row_stride + output];
      place = totals[output * kWidth + row] * out.alpha + (out.add ? place : 0.0f);
    }
}

}  // namespace

XLT_CPU_KERNEL void multiply_along(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                   const ChunkOutput& out) {
  for (int64_t p = 0; p < num_panels; ++p) {
    if (panels[p].width == kLane)
      multiply_panel<1>(chunk, panels[p], out);
    else if (panels[p].width == 2 * kLane)
      multiply_panel<2>(chunk, panels[p], out);
    else
      multiply_panel<3>(chunk, panels[p], out);
  }
}

XLT_CPU_KERNEL void transpose(const float* from, int64_t stride, int64_t rows, int64_t columns, float* to,
                              int64_t width) {
  const int64_t full_rows = rows / 4 * 4, full_columns = columns / 4 * 4;
  for (int64_t i = 0; i < full_columns; i += 4)
    for (int64_t row = 0; row < full_rows; row += 4) {
      const float* block = from + row * stride + i;
      const Quad in[4] = {load_quad(block), load_quad(block + stride), load_quad(block + 2 * stride),
                          load_quad(block + 3 * stride)};
      Quad out[4];
      transpose_quads(in, out);
      for (int64_t k = 0; k < 4; ++k) std::memcpy(to + (i + k) * width + row, &out[k], sizeof(Quad));
    }
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = row < full_rows ? full_columns : 0; i < columns; ++i)
      to[i * width + row] = from[row * stride + i];
}

}  // namespace xlt::ops
