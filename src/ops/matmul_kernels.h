// The inner loops of cpu_matmul.h, one thread each: panels of x by a chunk of the weight. Inside `ops` only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/lanes.h"

#include <cstdint>

namespace xlt::ops {

inline constexpr int64_t kLane = 8;
// Rows of x side by side, [depth][width]; `rows` of them are x's, the others, if any, zeros.
struct Panel {
  float* values;
  int64_t first_row, rows, width;
};
// Outputs of a chunk at most; with 1,024 inputs of float32 they fill half a second-level cache.
inline constexpr int64_t kMaxChunk = 64;
// A block of inputs of one chunk of outputs, float32. Along: output o's inputs side by side at o · stride.
// Across: input i's outputs side by side at i · stride.
struct Chunk {
  const float* values;
  int64_t outputs, depth, stride;
};
// y [rows, outputs] ← alpha · x · weightᵀ, or y += that.
struct ChunkOutput {
  float* y;
  int64_t row_stride;
  float alpha;
  bool add;
};
// Inputs summed in one chain of multiply-adds; such sums are added up. A longer chain rounds at a larger
// partial sum.
inline constexpr int64_t kRun = 256;

// Widths of panels: 8, 16 or 24.
inline constexpr int64_t kAlongPanel = 24;
void multiply_along(const Chunk& chunk, const Panel* panels, int64_t num_panels, const ChunkOutput& out);
// Widths of panels: 1 … 6, no zeros; at most kRun inputs.
inline constexpr int64_t kAcrossPanel = 6;
void multiply_across(const Chunk& chunk, const Panel* panels, int64_t num_panels, const ChunkOutput& out);

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
  typedef int32_t Index __attribute__((vector_size(16)));
  const Index low = {0, 4, 1, 5}, high = {2, 6, 3, 7}, first = {0, 1, 4, 5}, second = {2, 3, 6, 7};
  const Quad a = __builtin_shuffle(in[0], in[1], low), b = __builtin_shuffle(in[2], in[3], low);
  const Quad c = __builtin_shuffle(in[0], in[1], high), d = __builtin_shuffle(in[2], in[3], high);
  out[0] = __builtin_shuffle(a, b, first);
  out[1] = __builtin_shuffle(a, b, second);
  out[2] = __builtin_shuffle(c, d, first);
  out[3] = __builtin_shuffle(c, d, second);
}

}  // namespace xlt::ops
