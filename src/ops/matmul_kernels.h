// The inner loops of cpu_matmul.h, one thread each: panels of x by a chunk of the weight. Inside `ops` only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/lanes.h"

#include <cstdint>

namespace xlt::ops {

// The tiles of y that fill an instruction set's registers with sums; kLane floats are a vector. Along:
// kAlongOut outputs by up to kAlongVectors vectors of rows. Across: up to kAcrossRows rows by two vectors of
// outputs.
struct Avx2Tiles {  // 16 registers
  typedef float Vector __attribute__((vector_size(32)));
  static constexpr int64_t kLane = 8, kAlongOut = 4, kAlongVectors = 3, kAcrossRows = 6;
};
struct Avx512Tiles {  // 32 registers
  typedef float Vector __attribute__((vector_size(64)));
  static constexpr int64_t kLane = 16, kAlongOut = 8, kAlongVectors = 3, kAcrossRows = 12;
};
// Inputs summed in one chain of multiply-adds; such sums are added up. A longer chain rounds at a larger
// partial sum.
inline constexpr int64_t kRun = 256;
// Floats of a cache line.
inline constexpr int64_t kLine = 64 / sizeof(float);

// Rows of x side by side, [depth][width]; `rows` of them are x's, the others, if any, zeros.
struct Panel {
  float* values;
  int64_t first_row, rows, width;
};
// Outputs of a chunk at most; with 1,024 inputs of float32 they fill half a second-level cache of 512 KiB.
inline constexpr int64_t kMaxChunk = 64;
// A block of inputs of one chunk of outputs, float32. Along: output o's inputs side by side at o · stride.
// Across: input i's outputs side by side at i · stride.
struct Chunk {
  const float* values;
  int64_t outputs, depth, stride;
  int64_t ahead;  // along: how far on the next chunk lies; 0 if it may not be fetched early
};
// y [rows, outputs] ← x · weightᵀ, or y += that.
struct ChunkOutput {
  float* y;
  int64_t row_stride;
  bool add;
};

using MultiplyChunk = void (*)(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                               const ChunkOutput& out);
struct MatmulKernels {
  int64_t strip;  // outputs; a thread's share across is a multiple of it
  // Rows of a panel at most. Along, its width is its rows rounded up to kStep and one that there is a tile
  // for (panel_rows in matmul_operands.cpp); across, its rows, kRun inputs at most.
  int64_t along_panel, across_panel;
  MultiplyChunk along, across;
};
inline constexpr int64_t kStep = Avx2Tiles::kLane;

// The widest kernels that this machine runs, or AVX2's.
const MatmulKernels& matmul_kernels(bool narrow_vectors);

void multiply_along_avx2(const Chunk& chunk, const Panel* panels, int64_t num_panels, const ChunkOutput& out);
void multiply_along_avx512(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                           const ChunkOutput& out);
void multiply_across_avx2(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                          const ChunkOutput& out);
void multiply_across_avx512(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                            const ChunkOutput& out);

// to [columns][width], row-major: column i of `from` [rows, columns] at to + i · width.
void transpose(const float* from, int64_t stride, int64_t rows, int64_t columns, float* to, int64_t width);

// Four floats, and the transpose of four of them.
typedef float Quad __attribute__((vector_size(16)));
XLT_INLINE Quad load_quad(const float* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof(quad));
  return quad;
}
XLT_INLINE void transpose_quads(const Quad (&in)[4], Quad (&out)[4]) {
  const Quad a = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5);
  const Quad b = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5);
  const Quad c = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
  const Quad d = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
  out[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  out[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  out[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  out[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

}  // namespace xlt::ops
