// SPDX-License-Identifier: Apache-2.0
// CPU kernels of layer_norm.
#include "ops/norm/layer_norm_kernels.h"
#include "ops/norm/norm_rows.h"

#include <cmath>

namespace xlt::ops {
namespace {

// `scratch`: one row in the accumulator's type, the task's own.
template <typename T>
XLT_INLINE void forward_rows_of(const LayerNormForward& args, int64_t begin, int64_t end, void* scratch) {
  using A = Accumulator<T>;
  const int64_t columns = args.shape.columns;
  const T* weight = static_cast<const T*>(args.weight);
  const T* bias = static_cast<const T*>(args.bias);
  A* __restrict__ values = static_cast<A*>(scratch);
  for (int64_t row = begin; row < end; ++row) {
    const T* x = summed_row<T>(args.x, args.residual, args.sum, row, columns);
    T* __restrict__ y = static_cast<T*>(args.y) + row * columns;
    const A mean = sum_of(x, columns) / static_cast<A>(columns);
    for (int64_t i = 0; i < columns; ++i) values[i] = widen(x[i]) - mean;
    const A variance = dot(values, values, columns) / static_cast<A>(columns);
    const A inverse = A(1) / std::sqrt(variance + static_cast<A>(args.eps));
    if (args.mean != nullptr) {
      static_cast<A*>(args.mean)[row] = mean;
      static_cast<A*>(args.inverse_deviation)[row] = inverse;
    }
    if (bias != nullptr)
      for (int64_t i = 0; i < columns; ++i)
        y[i] = narrow<T>(values[i] * inverse * widen(weight[i]) + widen(bias[i]));
    else
      for (int64_t i = 0; i < columns; ++i) y[i] = narrow<T>(values[i] * inverse * widen(weight[i]));
  }
}

// With g = ∂y·w, n = (x − mean)·r, r = 1/deviation: ∂x = r·(g − mean(g) − n·mean(g·n)), ∂w = Σ rows ∂y·n,
// ∂b = Σ rows ∂y.
template <typename T>
XLT_INLINE void backward_row_of(const LayerNormBackward& args, int64_t row,
                                Accumulator<T>* __restrict__ scaled, Accumulator<T>* __restrict__ weight_sum,
                                Accumulator<T>* __restrict__ bias_sum) {
  using A = Accumulator<T>;
  const int64_t columns = args.shape.columns;
  const T* __restrict__ x = static_cast<const T*>(args.x) + row * columns;
  const T* __restrict__ y_gradient = static_cast<const T*>(args.y_gradient) + row * columns;
  const A mean = static_cast<const A*>(args.mean)[row],
          inverse = static_cast<const A*>(args.inverse_deviation)[row];
  A* __restrict__ normed = scaled + columns;
  for (int64_t i = 0; i < columns; ++i) normed[i] = (widen(x[i]) - mean) * inverse;
  if (args.x_gradient != nullptr) {
    const T* __restrict__ weight = static_cast<const T*>(args.weight);
    for (int64_t i = 0; i < columns; ++i) scaled[i] = widen(y_gradient[i]) * widen(weight[i]);
    const A mean_gradient = sum_of(scaled, columns) / static_cast<A>(columns),
            mean_product = dot(scaled, normed, columns) / static_cast<A>(columns);
    for (int64_t i = 0; i < columns; ++i)
      scaled[i] = inverse * (scaled[i] - mean_gradient - normed[i] * mean_product);
    store_gradient<T>(scaled, args.sum_gradient, row, columns, args.x_gradient);
  }
  if (weight_sum != nullptr)
    for (int64_t i = 0; i < columns; ++i) weight_sum[i] += widen(y_gradient[i]) * normed[i];
  if (bias_sum != nullptr)
    for (int64_t i = 0; i < columns; ++i) bias_sum[i] += widen(y_gradient[i]);
}

// Blocks [begin, end) of rows; a block's gradients are summed in order of its rows.
template <typename T>
XLT_INLINE void backward_blocks_of(const LayerNormBackward& args, int64_t begin, int64_t end, void* scratch) {
  using A = Accumulator<T>;
  for (int64_t block = begin; block < end; ++block) {
    A* weight_sum = sums_of_block<A>(args.weight_gradients, block, args.shape.columns);
    A* bias_sum = sums_of_block<A>(args.bias_gradients, block, args.shape.columns);
    const int64_t first = block * args.shape.rows / args.blocks,
                  last = (block + 1) * args.shape.rows / args.blocks;
    for (int64_t row = first; row < last; ++row)
      backward_row_of<T>(args, row, static_cast<A*>(scratch), weight_sum, bias_sum);
  }
}

XLT_CPU_KERNEL void forward_rows(const LayerNormForward& args, int64_t begin, int64_t end, void* scratch) {
  with_dtype(args.shape.dtype,
             [&](auto zero) XLT_INLINED { forward_rows_of<decltype(zero)>(args, begin, end, scratch); });
}

XLT_CPU_KERNEL void backward_blocks(const LayerNormBackward& args, int64_t begin, int64_t end,
                                    void* scratch) {
  with_dtype(args.shape.dtype,
             [&](auto zero) XLT_INLINED { backward_blocks_of<decltype(zero)>(args, begin, end, scratch); });
}

}  // namespace

namespace cpu {

void layer_norm_forward(const LayerNormForward& args, const KernelStream&) {
  at::parallel_for(0, args.shape.rows, norm_grain(args.shape.columns), [&](int64_t begin, int64_t end) {
    std::vector<double> scratch(static_cast<size_t>(args.shape.columns));  // one row, in the widest type
    forward_rows(args, begin, end, scratch.data());
  });
}

void layer_norm_backward(const LayerNormBackward& args, const KernelStream&) {
  for_blocks_of_rows(
      args.shape.rows, args.shape.columns, args.blocks,
      [&](int64_t begin, int64_t end, void* scratch) { backward_blocks(args, begin, end, scratch); });
}

}  // namespace cpu
}  // namespace xlt::ops
