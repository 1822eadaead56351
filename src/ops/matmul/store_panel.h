// SPDX-License-Identifier: Apache-2.0
// How kernels along end: sums with rows of x side by side become rows of y. Inside `ops` only.
#pragma once

#include "ops/matmul/matmul_kernels.h"

#include <algorithm>

#include "xlt/base/error.h"

namespace xlt::ops {

// Four outputs of four rows, transposed from [output][row], into y.
XLT_INLINE void store_quads(const Quad (&in)[4], float* y, int64_t rows, const ChunkOutput& where) {
  Quad out[4];
  transpose_quads(in, out);
  for (int64_t i = 0; i < std::min<int64_t>(4, rows); ++i) {
    float* place = y + i * where.row_stride;
    if (where.add) out[i] += load_quad(place);
    std::memcpy(place, &out[i], sizeof(Quad));
  }
}

// The sums [outputs][kWidth] of one panel into y.
template <int64_t kWidth>
XLT_INLINE void store_panel(const float* totals, int64_t outputs, int64_t rows, float* y,
                            const ChunkOutput& out) {
  int64_t output = 0;
  for (; output + 4 <= outputs; output += 4)
    for (int64_t row = 0; row < rows; row += 4) {
      const float* from = totals + output * kWidth + row;
      const Quad quads[4] = {load_quad(from), load_quad(from + kWidth), load_quad(from + 2 * kWidth),
                             load_quad(from + 3 * kWidth)};
      store_quads(quads, y + row * out.row_stride + output, rows - row, out);
    }
  for (; output < outputs; ++output)
    for (int64_t row = 0; row < rows; ++row) {
      float& place = y[row * out.row_stride + output];
      const float total = totals[output * kWidth + row];
      place = out.add ? total + place : total;
    }
}

[[noreturn]] inline void no_tile(const Panel& panel) {
  throw Error(ErrorKind::kInternal, str_cat("no tile for a panel of ", panel.width, " rows"));
}

}  // namespace xlt::ops
