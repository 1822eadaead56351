// SPDX-License-Identifier: Apache-2.0
// The weight's inputs lie side by side: vectors hold rows of x, and each weight is broadcast.
#include "ops/matmul/matmul_kernels.h"
#include "ops/matmul/store_panel.h"

#include <algorithm>

namespace xlt::ops {
namespace {

// sums += the products of the lanes of x at `columns` and part kPart of each output's lane of the weight.
template <typename Operands, int kPart, typename Vector, int kOutputs, int kVectors>
XLT_INLINE void add_lane(const char* weight, int64_t stride, const float* columns,
                         Vector (&sums)[kOutputs][kVectors]) {
  typename Operands::template Operand<Vector> x[kVectors];
#pragma GCC unroll 3
  for (int v = 0; v < kVectors; ++v)
    std::memcpy(&x[v], columns + v * static_cast<int64_t>(sizeof(Vector) / sizeof(float)), sizeof(Vector));
#pragma GCC unroll 8
  for (int o = 0; o < kOutputs; ++o) {
    typename Operands::template Spread<Vector> w;
    Operands::template spread<kPart>(load_lane<typename Operands::Lane>(weight + o * stride), w);
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) Operands::add_product(sums[o][v], w, x[v]);
  }
}

// totals [kOutputs][kVectors vectors] += the products of `count` lanes of x, summed in registers. kFetch:
// lines of the next chunk's weight, `ahead` bytes on, one with every lane, some twice (all at once would
// stall).
template <typename Operands, typename Vector, int kOutputs, int kVectors, bool kFetch>
XLT_INLINE void add_run(const char* weight, int64_t stride, int64_t ahead, const float* x, int64_t count,
                        float* totals) {
  constexpr int64_t kFloats = sizeof(Vector) / sizeof(float), kLineBytes = kLine * sizeof(float);
  constexpr int kParts = Operands::kParts;
  Vector sums[kOutputs][kVectors] = {};
  for (int64_t lane = 0; lane < count / kParts; ++lane) {
    if (kFetch)
      __builtin_prefetch(weight + ahead + lane / kLine * kLineBytes + lane % kOutputs * stride, 0, 2);
    const float* columns = x + lane * kParts * kVectors * kFloats;
    add_lane<Operands, 0>(weight + lane * kLaneBytes, stride, columns, sums);
    if constexpr (kParts == 2) {
      // Read again: GCC would keep the lanes of every output in registers, of which there are too few.
      const char* again = weight + lane * kLaneBytes;
      asm("" : "+r"(again));
      add_lane<Operands, 1>(again, stride, columns + kVectors * kFloats, sums);
    }
  }
  if constexpr (kParts == 2) {
    if (count % 2 == 1) {  // half a lane: what lies beside it is not the weight's
      uint32_t last[kOutputs];
      for (int o = 0; o < kOutputs; ++o)
        last[o] = load_lane<uint16_t>(weight + o * stride + count / 2 * kLaneBytes);
      add_lane<Operands, 0>(reinterpret_cast<const char*>(last), kLaneBytes,
                            x + (count - 1) * kVectors * kFloats, sums);
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      float* place = totals + (o * kVectors + v) * kFloats;
      Vector total;
      std::memcpy(&total, place, sizeof(Vector));
      total += sums[o][v];
      std::memcpy(place, &total, sizeof(Vector));
    }
  }
}

// Every output of the chunk over `count` lanes of the panel, which stay in the first-level cache. A sum waits
// for itself: where one vector holds the rows, twice the outputs are needed for as many sums under way.
template <typename Tiles, typename Operands, typename Vector, int kVectors, bool kFetch>
XLT_INLINE void add_runs(const Chunk& chunk, int64_t begin, int64_t count, const float* x, float* totals) {
  constexpr int kTileOut = kVectors == 1 ? std::max<int>(8, Tiles::kAlongOut) : Tiles::kAlongOut;
  constexpr int64_t kWidth = kVectors * static_cast<int64_t>(sizeof(Vector) / sizeof(float));
  const char* weight = chunk.values + begin / Operands::kParts * kLaneBytes;  // kRun is even
  int64_t output = 0;
  for (; output + kTileOut <= chunk.outputs; output += kTileOut)
    add_run<Operands, Vector, kTileOut, kVectors, kFetch>(weight + output * chunk.stride, chunk.stride,
                                                          chunk.ahead, x, count, totals + output * kWidth);
  for (; output < chunk.outputs; ++output)
    add_run<Operands, Vector, 1, kVectors, false>(weight + output * chunk.stride, chunk.stride, 0, x, count,
                                                  totals + output * kWidth);
}

template <typename Tiles, typename Operands, typename Vector, int kVectors>
XLT_INLINE void multiply_panel(const Chunk& chunk, const Panel& panel, const ChunkOutput& out) {
  constexpr int64_t kWidth = kVectors * static_cast<int64_t>(sizeof(Vector) / sizeof(float));
  const bool fetches = chunk.ahead != 0 && panel.first_row == 0;
  alignas(sizeof(Vector)) float totals[kMaxChunk * kWidth] = {};
  for (int64_t begin = 0; begin < chunk.depth; begin += kRun) {
    const int64_t count = std::min(kRun, chunk.depth - begin);
    const float* x = panel.values + begin * kWidth;
    if (fetches)
      add_runs<Tiles, Operands, Vector, kVectors, true>(chunk, begin, count, x, totals);
    else
      add_runs<Tiles, Operands, Vector, kVectors, false>(chunk, begin, count, x, totals);
  }
  store_panel<kWidth>(totals, chunk.outputs, panel.rows, out.y + panel.first_row * out.row_stride, out);
}

template <typename Operands>
XLT_INLINE void multiply_panels_avx2(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                     const ChunkOutput& out) {
  using Vector = Avx2Tiles::Vector;
  for (int64_t p = 0; p < num_panels; ++p) {
    switch (panels[p].width) {
      case 8:
        multiply_panel<Avx2Tiles, Operands, Vector, 1>(chunk, panels[p], out);
        break;
      case 16:
        multiply_panel<Avx2Tiles, Operands, Vector, 2>(chunk, panels[p], out);
        break;
      case 24:
        multiply_panel<Avx2Tiles, Operands, Vector, 3>(chunk, panels[p], out);
        break;
      default:
        no_tile(panels[p]);
    }
  }
}

#ifdef XLT_HAS_AVX_KERNELS
template <typename Operands>
XLT_INLINE void multiply_panels_avx512(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                       const ChunkOutput& out) {
  using Vector = Avx512Tiles::Vector;
  for (int64_t p = 0; p < num_panels; ++p) {
    switch (panels[p].width) {
      case 8:
        multiply_panel<Avx512Tiles, Operands, Avx2Tiles::Vector, 1>(chunk, panels[p], out);
        break;
      case 16:
        multiply_panel<Avx512Tiles, Operands, Vector, 1>(chunk, panels[p], out);
        break;
      case 24:
        multiply_panel<Avx512Tiles, Operands, Avx2Tiles::Vector, 3>(chunk, panels[p], out);
        break;
      case 32:
        multiply_panel<Avx512Tiles, Operands, Vector, 2>(chunk, panels[p], out);
        break;
      case 48:
        multiply_panel<Avx512Tiles, Operands, Vector, 3>(chunk, panels[p], out);
        break;
      default:
        no_tile(panels[p]);
    }
  }
}
#endif

}  // namespace

XLT_AVX2_KERNEL void multiply_along_avx2(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                         const ChunkOutput& out) {
  multiply_panels_avx2<FloatOperands>(chunk, panels, num_panels, out);
}

XLT_AVX2_KERNEL void multiply_along_halves_avx2(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                                const ChunkOutput& out) {
  multiply_panels_avx2<HalfOperands>(chunk, panels, num_panels, out);
}

#ifdef XLT_HAS_AVX_KERNELS
XLT_AVX512_KERNEL void multiply_along_avx512(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                             const ChunkOutput& out) {
  multiply_panels_avx512<FloatOperands>(chunk, panels, num_panels, out);
}

XLT_AVX512_KERNEL void multiply_along_halves_avx512(const Chunk& chunk, const Panel* panels,
                                                    int64_t num_panels, const ChunkOutput& out) {
  multiply_panels_avx512<HalfOperands>(chunk, panels, num_panels, out);
}

XLT_AVX512_KERNEL void multiply_along_pairs(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                            const ChunkOutput& out) {
  multiply_panels_avx512<PairOperands>(chunk, panels, num_panels, out);
}
#endif

XLT_CPU_KERNEL void transpose(const void* from, int64_t stride, int64_t rows, int64_t columns, float* to,
                              int64_t width) {
  const auto at = [from, stride](int64_t row, int64_t i) XLT_INLINED {
    return static_cast<const char*>(from) + row * stride + i * static_cast<int64_t>(sizeof(float));
  };
  const int64_t full_rows = rows / 4 * 4, full_columns = columns / 4 * 4;
  // A line of four rows at a time: rows a power of two apart share a set of the first-level cache, which
  // holds the lines of eight.
  for (int64_t first = 0; first < full_columns; first += kLine)
    for (int64_t row = 0; row < full_rows; row += 4)
      for (int64_t i = first; i < std::min(first + kLine, full_columns); i += 4) {
        const Quad in[4] = {load_quad(at(row, i)), load_quad(at(row + 1, i)), load_quad(at(row + 2, i)),
                            load_quad(at(row + 3, i))};
        Quad out[4];
        transpose_quads(in, out);
        for (int64_t k = 0; k < 4; ++k) std::memcpy(to + (i + k) * width + row, &out[k], sizeof(Quad));
      }
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = row < full_rows ? full_columns : 0; i < columns; ++i)
      std::memcpy(to + i * width + row, at(row, i), sizeof(float));
}

}  // namespace xlt::ops
