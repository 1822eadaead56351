// SPDX-License-Identifier: Apache-2.0
// The weight's outputs lie side by side: vectors hold outputs, and each value of x is broadcast.
#include "ops/matmul/matmul_kernels.h"

namespace xlt::ops {
namespace {

// kRows rows by kVectors vectors of outputs. kFetch: a line with every lane, `next_stride` bytes apart, from
// `next` on (all at once would stall).
template <typename Operands, typename Vector, int kRows, int kVectors, bool kFetch>
XLT_INLINE void tile(const char* weight, int64_t stride, int64_t depth, const float* x, float* y,
                     const ChunkOutput& out, const char* next, int64_t next_stride) {
  constexpr int64_t kFloats = sizeof(Vector) / sizeof(float);
  Vector sums[kRows][kVectors] = {};
  for (int64_t i = 0; i < depth; ++i) {
    if (kFetch) __builtin_prefetch(next + i * next_stride);
    typename Operands::template Operand<Vector> weights[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      std::memcpy(&weights[v], weight + i * stride + v * static_cast<int64_t>(sizeof(Vector)),
                  sizeof(Vector));
#pragma GCC unroll 12
    for (int row = 0; row < kRows; ++row) {
      typename Operands::template Spread<Vector> value;
      Operands::template spread<0>(load_lane<typename Operands::Lane>(x + i * kRows + row), value);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) Operands::add_product(sums[row][v], value, weights[v]);
    }
  }
#pragma GCC unroll 12
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* place = y + row * out.row_stride + v * kFloats;
      if (out.add) {
        Vector before;
        std::memcpy(&before, place, sizeof(Vector));
        sums[row][v] += before;
      }
      std::memcpy(place, &sums[row][v], sizeof(Vector));
    }
  }
}

// run<rows>() for the rows of a panel, kMost at most.
template <int kMost, typename Run>
XLT_INLINE void with_rows(int64_t rows, const Run& run) {
  if constexpr (kMost > 1) {
    if (rows < kMost) return with_rows<kMost - 1>(rows, run);
  }
  run.template operator()<kMost>();
}

// A strip of kVectors vectors of outputs, every panel, while kRun lanes of it are in the first-level cache.
// Where there are several panels, the strip is first laid side by side: lines that are a power of two apart
// share a few sets of that cache; and the first panels fetch the next strip.
template <typename Tiles, typename Operands, typename Vector, int kVectors>
XLT_INLINE void strip(const Chunk& chunk, int64_t output, const Panel* panels, int64_t num_panels,
                      const ChunkOutput& out) {
  constexpr int64_t kBytes = kVectors * static_cast<int64_t>(sizeof(Vector)), kFewRows = 48,
                    kLineBytes = kLine * sizeof(float);
  const char* const weight = chunk.values + output * static_cast<int64_t>(sizeof(float));
  const bool is_copied = num_panels * Tiles::kAcrossRows > kFewRows;
  alignas(64) char near[kRun * kBytes];
  for (int64_t i = 0; is_copied && i < chunk.depth; ++i)
    std::memcpy(near + i * kBytes, weight + i * chunk.stride, kBytes);
  for (int64_t p = 0; p < num_panels; ++p) {
    const float* x = panels[p].values;
    float* y = out.y + panels[p].first_row * out.row_stride + output;
    with_rows<Tiles::kAcrossRows>(
        panels[p].rows, [&]<int kRows>() __attribute__((always_inline)) {
          constexpr bool kIsFull = kRows == Tiles::kAcrossRows;
          const char* next = weight + kBytes + p * kLineBytes;
          if (!is_copied)
            tile<Operands, Vector, kRows, kVectors, false>(weight, chunk.stride, chunk.depth, x, y, out,
                                                           nullptr, 0);
          else if (kIsFull && p * kLineBytes < kBytes)
            tile<Operands, Vector, kRows, kVectors, kIsFull>(near, kBytes, chunk.depth, x, y, out, next,
                                                             chunk.stride);
          else
            tile<Operands, Vector, kRows, kVectors, false>(near, kBytes, chunk.depth, x, y, out, nullptr, 0);
        });
  }
}

// Strips of kVectors vectors from `output` on, as many as there are outputs for; the first output left.
template <typename Tiles, typename Operands, typename Vector, int kVectors>
XLT_INLINE int64_t strips(const Chunk& chunk, int64_t output, const Panel* panels, int64_t num_panels,
                          const ChunkOutput& out) {
  constexpr int64_t kWidth = kVectors * static_cast<int64_t>(sizeof(Vector) / sizeof(float));
  for (; output + kWidth <= chunk.outputs; output += kWidth)
    strip<Tiles, Operands, Vector, kVectors>(chunk, output, panels, num_panels, out);
  return output;
}

// The last outputs, fewer than a vector of 8: a vector with zeros beside them, of which their part is stored.
template <typename Tiles, typename Operands>
XLT_INLINE void last_outputs(const Chunk& chunk, int64_t output, const Panel* panels, int64_t num_panels,
                             const ChunkOutput& out) {
  using Vector = Avx2Tiles::Vector;
  constexpr int64_t kWidth = Avx2Tiles::kFloats;
  const int64_t count = chunk.outputs - output;
  if (count == 0) return;
  alignas(64) char near[kRun * sizeof(Vector)] = {};
  alignas(64) float tile_y[Tiles::kAcrossRows * kWidth];
  for (int64_t i = 0; i < chunk.depth; ++i)
    for (int64_t k = 0; k < count; ++k)
      std::memcpy(near + (i * kWidth + k) * kLaneBytes,
                  chunk.values + i * chunk.stride + (output + k) * kLaneBytes, kLaneBytes);
  for (int64_t p = 0; p < num_panels; ++p) {
    with_rows<Tiles::kAcrossRows>(
        panels[p].rows, [&]<int kRows>() __attribute__((always_inline)) {
          tile<Operands, Vector, kRows, 1, false>(near, sizeof(Vector), chunk.depth, panels[p].values, tile_y,
                                                  {nullptr, kWidth, false}, nullptr, 0);
        });
    for (int64_t row = 0; row < panels[p].rows; ++row)
      for (int64_t k = 0; k < count; ++k) {
        float& place = out.y[(panels[p].first_row + row) * out.row_stride + output + k];
        const float total = tile_y[row * kWidth + k];
        place = out.add ? total + place : total;
      }
  }
}

#ifdef XLT_HAS_AVX_KERNELS
template <typename Operands>
XLT_INLINE void multiply_strips_avx512(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                       const ChunkOutput& out) {
  using Vector = Avx512Tiles::Vector;
  int64_t output = strips<Avx512Tiles, Operands, Vector, 2>(chunk, 0, panels, num_panels, out);
  output = strips<Avx512Tiles, Operands, Vector, 1>(chunk, output, panels, num_panels, out);
  output = strips<Avx512Tiles, Operands, Avx2Tiles::Vector, 1>(chunk, output, panels, num_panels, out);
  last_outputs<Avx512Tiles, Operands>(chunk, output, panels, num_panels, out);
}
#endif

}  // namespace

XLT_AVX2_KERNEL void multiply_across_avx2(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                          const ChunkOutput& out) {
  using Vector = Avx2Tiles::Vector;
  int64_t output = strips<Avx2Tiles, FloatOperands, Vector, 2>(chunk, 0, panels, num_panels, out);
  output = strips<Avx2Tiles, FloatOperands, Vector, 1>(chunk, output, panels, num_panels, out);
  last_outputs<Avx2Tiles, FloatOperands>(chunk, output, panels, num_panels, out);
}

#ifdef XLT_HAS_AVX_KERNELS
XLT_AVX512_KERNEL void multiply_across_avx512(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                              const ChunkOutput& out) {
  multiply_strips_avx512<FloatOperands>(chunk, panels, num_panels, out);
}

XLT_AVX512_KERNEL void multiply_across_pairs(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                             const ChunkOutput& out) {
  multiply_strips_avx512<PairOperands>(chunk, panels, num_panels, out);
}
#endif

}  // namespace xlt::ops
