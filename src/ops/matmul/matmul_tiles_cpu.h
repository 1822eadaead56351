// SPDX-License-Identifier: Apache-2.0
// The inner loops of cpu_matmul.h for pairs of bfloat16 by tiles: 32 × 32 sums in four of them. Every edge is
// a tile with fewer rows or columns, so nothing is padded and nothing beside the operands is read. Each sum
// is over 16 lanes at a time, in order, whatever stands beside it. Templates of the tiles: the hardware's, or
// the model's in tests.
#pragma once

#include "ops/matmul/matmul_kernels.h"
#include "ops/matmul/store_panel.h"
#include "ops/matmul/tiles.h"

#include <algorithm>

namespace xlt::ops {

inline constexpr int64_t kTileLanes = kTileRows, kTileBlock = 2 * kTileRows;  // lanes a step; sums a side

// Operand A as rows of lanes, B as lanes of all columns side by side, C row-major. Strides in bytes.
struct TileOperands {
  const char *a, *b;
  int64_t a_stride, b_stride;
  float* c;
  int64_t c_stride;
  int64_t ahead;  // of A: how many bytes on what is wanted next lies; 0: not fetched
};

template <typename Tiles>
class TileProduct {
 public:
  ~TileProduct() { tiles_.release(); }

  // C [m, n] ← A [m, lanes] · B [lanes, n], or C += that; m and n at most kTileBlock. lanes: a multiple of
  // kTileLanes, or fewer than those.
  XLT_INLINE void run(int64_t m, int64_t n, int64_t lanes, const TileOperands& operands, bool add) {
    configure(m, n, std::min(lanes, kTileLanes));
    const int64_t steps = std::max<int64_t>(1, lanes / kTileLanes);
    if (m > kTileRows)
      n > kTileRows ? steps_of<2, 2>(operands, steps, add) : steps_of<2, 1>(operands, steps, add);
    else
      n > kTileRows ? steps_of<1, 2>(operands, steps, add) : steps_of<1, 1>(operands, steps, add);
  }

 private:
  void configure(int64_t m, int64_t n, int64_t lanes) {
    if (m == m_ && n == n_ && lanes == lanes_) return;
    m_ = m, n_ = n, lanes_ = lanes;
    const int64_t rows[2] = {std::min(m, kTileRows), m - kTileRows};
    const int64_t bytes[2] = {std::min(n, kTileRows) * kLaneBytes, (n - kTileRows) * kLaneBytes};
    TileConfig config;
    for (int i = 0; i < 2 && rows[i] > 0; ++i) {
      config.set(kA0 + i, rows[i], lanes * kLaneBytes);
      for (int j = 0; j < 2 && bytes[j] > 0; ++j) config.set(kC00 + 2 * i + j, rows[i], bytes[j]);
    }
    for (int j = 0; j < 2 && bytes[j] > 0; ++j) config.set(kB0 + j, lanes, bytes[j]);
    tiles_.configure(config);
  }

  template <int kM, int kN>
  XLT_INLINE void steps_of(const TileOperands& of, int64_t steps, bool add) {
    char* c = reinterpret_cast<char*>(of.c);
    begin_sums<kM, kN>(c, of.c_stride, add);
    const char *a = of.a, *b = of.b;
    for (int64_t step = 0; step < steps; ++step, a += kTileBytes, b += kTileLanes * of.b_stride) {
      tiles_.template load<kB0>(b, of.b_stride);
      if constexpr (kN == 2) tiles_.template load<kB1>(b + kTileBytes, of.b_stride);
      tiles_.template load<kA0>(a, of.a_stride);
      tiles_.template multiply<kC00, kA0, kB0>();
      if constexpr (kN == 2) tiles_.template multiply<kC01, kA0, kB1>();
      if constexpr (kM == 2) {
        tiles_.template load<kA1>(a + kTileRows * of.a_stride, of.a_stride);
        tiles_.template multiply<kC10, kA1, kB0>();
        if constexpr (kN == 2) tiles_.template multiply<kC11, kA1, kB1>();
      }
      if (of.ahead != 0)
        for (int64_t row = 0; row < kM * kTileRows; ++row)
          __builtin_prefetch(a + of.ahead + row * of.a_stride, 0, 2);
    }
    end_sums<kM, kN>(c, of.c_stride);
  }

  template <int kM, int kN>
  XLT_INLINE void begin_sums(const char* c, int64_t stride, bool add) {
    if (!add) {
      tiles_.template clear<kC00>();
      if constexpr (kN == 2) tiles_.template clear<kC01>();
      if constexpr (kM == 2) tiles_.template clear<kC10>();
      if constexpr (kM == 2 && kN == 2) tiles_.template clear<kC11>();
      return;
    }
    tiles_.template load<kC00>(c, stride);
    if constexpr (kN == 2) tiles_.template load<kC01>(c + kTileBytes, stride);
    if constexpr (kM == 2) tiles_.template load<kC10>(c + kTileRows * stride, stride);
    if constexpr (kM == 2 && kN == 2) tiles_.template load<kC11>(c + kTileRows * stride + kTileBytes, stride);
  }

  template <int kM, int kN>
  XLT_INLINE void end_sums(char* c, int64_t stride) {
    tiles_.template store<kC00>(c, stride);
    if constexpr (kN == 2) tiles_.template store<kC01>(c + kTileBytes, stride);
    if constexpr (kM == 2) tiles_.template store<kC10>(c + kTileRows * stride, stride);
    if constexpr (kM == 2 && kN == 2)
      tiles_.template store<kC11>(c + kTileRows * stride + kTileBytes, stride);
  }

  Tiles tiles_;
  int64_t m_ = 0, n_ = 0, lanes_ = 0;
};

// A: outputs of the weight, as they lie. B: rows of x, a panel. Runs of lanes of the panel stay in the
// first-level cache while every output passes.
template <typename Tiles, int64_t kWidth>
XLT_INLINE void multiply_tile_panel(TileProduct<Tiles>& tiles, const Chunk& chunk, const Panel& panel,
                                    const ChunkOutput& out) {
  const int64_t whole = chunk.depth / kTileLanes * kTileLanes;
  const int64_t ahead = panel.first_row == 0 ? chunk.ahead : 0;
  alignas(64) float totals[kMaxChunk * kWidth];
  const auto add_lanes = [&](int64_t begin, int64_t count) XLT_INLINED {
    for (int64_t output = 0; output < chunk.outputs; output += kTileBlock)
      tiles.run(std::min(kTileBlock, chunk.outputs - output), kWidth, count,
                {chunk.values + output * chunk.stride + begin * kLaneBytes,
                 reinterpret_cast<const char*>(panel.values + begin * kWidth), chunk.stride,
                 kWidth * kLaneBytes, totals + output * kWidth, kWidth * kLaneBytes, ahead},
                begin > 0);
  };
  for (int64_t begin = 0; begin < whole; begin += kRun) add_lanes(begin, std::min(kRun, whole - begin));
  if (whole < chunk.depth) add_lanes(whole, chunk.depth - whole);
  store_panel<kWidth>(totals, chunk.outputs, panel.rows, out.y + panel.first_row * out.row_stride, out);
}

template <typename Tiles>
XLT_INLINE void multiply_along_by(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                  const ChunkOutput& out) {
  TileProduct<Tiles> tiles;
  for (int64_t p = 0; p < num_panels; ++p) {
    if (panels[p].width == kTileBlock)
      multiply_tile_panel<Tiles, kTileBlock>(tiles, chunk, panels[p], out);
    else if (panels[p].width == kTileRows)
      multiply_tile_panel<Tiles, kTileRows>(tiles, chunk, panels[p], out);
    else
      no_tile(panels[p]);
  }
}

// A: rows of x, a panel of rows. B: outputs of the weight side by side. Sums go straight into y.
template <typename Tiles>
XLT_INLINE void multiply_across_by(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                   const ChunkOutput& out) {
  TileProduct<Tiles> tiles;
  const int64_t whole = chunk.depth / kTileLanes * kTileLanes;
  const auto add_lanes = [&](int64_t begin, int64_t count) XLT_INLINED {
    for (int64_t p = 0; p < num_panels; ++p)
      for (int64_t output = 0; output < chunk.outputs; output += kTileBlock)
        tiles.run(panels[p].rows, std::min(kTileBlock, chunk.outputs - output), count,
                  {reinterpret_cast<const char*>(panels[p].values + begin),
                   chunk.values + begin * chunk.stride + output * kLaneBytes, chunk.depth * kLaneBytes,
                   chunk.stride, out.y + panels[p].first_row * out.row_stride + output,
                   out.row_stride * static_cast<int64_t>(sizeof(float)), 0},
                  out.add || begin > 0);
  };
  if (whole > 0) add_lanes(0, whole);
  if (whole < chunk.depth) add_lanes(whole, chunk.depth - whole);
}

// Panels of kTileBlock rows; across, x lies in rows.
inline constexpr MatmulKernels tile_kernels(MultiplyChunk along, MultiplyChunk across) {
  return {.strip = kTileBlock,
          .along_panel = kTileBlock,
          .across_panel = kTileBlock,
          .along = along,
          .across = across,
          .along_halves = nullptr,
          .along_step = kTileRows,
          .across_by_rows = true};
}

}  // namespace xlt::ops
