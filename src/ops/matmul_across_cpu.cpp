// The weight's outputs lie side by side: vectors hold outputs, and each value of x is broadcast.
// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul_kernels.h"

namespace xlt::ops {
namespace {

using Vector = Lanes<float>;

// A tile of y is up to 6 rows by up to 2 vectors of outputs: 12 sums, 2 vectors of the weight and one
// broadcast value of x. Two vectors are one cache line, and the lines of kRun inputs stay in the first-level
// cache while every panel goes over them.
template <int kRows, int kVectors>
XLT_INLINE void tile(const float* weight, int64_t stride, int64_t depth, const float* x, float* y,
                     const ChunkOutput& out) {
  Vector sums[kRows][kVectors] = {};
  for (int64_t i = 0; i < depth; ++i) {
    Vector weights[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      std::memcpy(&weights[v], weight + i * stride + v * kLane, sizeof(Vector));
#pragma GCC unroll 6
    for (int row = 0; row < kRows; ++row) {
      const float value = x[i * kRows + row];
      const Vector wide = {value, value, value, value, value, value, value, value};
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[row][v] += wide * weights[v];
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* place = y + row * out.row_stride + v * kLane;
      Vector value = sums[row][v] * out.alpha, before;
      std::memcpy(&before, place, sizeof(Vector));
      if (out.add) value += before;
      std::memcpy(place, &value, sizeof(Vector));
    }
  }
}

// One of the last outputs, fewer than a vector.
XLT_INLINE void edge(const float* weight, int64_t stride, int64_t depth, const Panel& panel, float* y,
                     const ChunkOutput& out) {
  for (int64_t row = 0; row < panel.rows; ++row) {
    float sum = 0;
    for (int64_t i = 0; i < depth; ++i) sum += panel.values[i * panel.width + row] * weight[i * stride];
    float& place = y[row * out.row_stride];
    place = sum * out.alpha + (out.add ? place : 0.0f);
  }
}

// A strip of kVectors vectors of outputs, every panel. Where there are several panels, the strip is first
// laid side by side: lines that are a power of two apart share a few sets of the first-level cache.
template <int kVectors>
XLT_INLINE void strip(const Chunk& chunk, int64_t output, const Panel* panels, int64_t num_panels,
                      const ChunkOutput& out) {
  constexpr int64_t kWidth = kVectors * kLane, kFewPanels = 8;
  const float* weight = chunk.values + output;
  int64_t stride = chunk.stride;
  alignas(64) float near[kRun * kWidth];
  if (num_panels > kFewPanels) {
    for (int64_t i = 0; i < chunk.depth; ++i) {
      __builtin_prefetch(weight + i * stride + kWidth);  // the next strip's
      std::memcpy(near + i * kWidth, weight + i * stride, kWidth * sizeof(float));
    }
    weight = near;
    stride = kWidth;
  }
  for (int64_t p = 0; p < num_panels; ++p) {
    float* y = out.y + panels[p].first_row * out.row_stride + output;
    const auto run = [&]<int kRows>() __attribute__((always_inline)) {
      tile<kRows, kVectors>(weight, stride, chunk.depth, panels[p].values, y, out);
    };
    switch (panels[p].width) {
      case 1:
        run.template operator()<1>();
        break;
      case 2:
        run.template operator()<2>();
        break;
      case 3:
        run.template operator()<3>();
        break;
      case 4:
        run.template operator()<4>();
        break;
      case 5:
        run.template operator()<5>();
        break;
      default:
        run.template operator()<6>();
    }
  }
}

}  // namespace

XLT_CPU_KERNEL void multiply_across(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                    const ChunkOutput& out) {
  int64_t output = 0;
  for (; output + 2 * kLane <= chunk.outputs; output += 2 * kLane)
    strip<2>(chunk, output, panels, num_panels, out);
  for (; output + kLane <= chunk.outputs; output += kLane) strip<1>(chunk, output, panels, num_panels, out);
  for (; output < chunk.outputs; ++output)
    for (int64_t p = 0; p < num_panels; ++p)
      edge(chunk.values + output, chunk.stride, chunk.depth, panels[p],
           out.y + panels[p].first_row * out.row_stride + output, out);
}

}  // namespace xlt::ops
