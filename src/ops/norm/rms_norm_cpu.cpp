// SPDX-License-Identifier: Apache-2.0
// CPU kernels of rms_norm.
#include "ops/norm/norm_rows.h"
#include "ops/norm/rms_norm_kernels.h"

#include <cmath>

namespace xlt::ops {
namespace {

template <typename T>
XLT_INLINE void forward_rows_of(const RmsNormForward& args, int64_t begin, int64_t end) {
  using A = Accumulator<T>;
  const int64_t columns = args.shape.columns;
  const T* weight = static_cast<const T*>(args.weight);
  for (int64_t row = begin; row < end; ++row) {
    const T* x = summed_row<T>(args.x, args.residual, args.sum, row, columns);
    T* __restrict__ y = static_cast<T*>(args.y) + row * columns;
    const A mean_square = dot(x, x, columns) / static_cast<A>(columns);
    const A inverse_rms = A(1) / std::sqrt(mean_square + static_cast<A>(args.eps));
    if (args.inverse_rms != nullptr) static_cast<A*>(args.inverse_rms)[row] = inverse_rms;
    if (args.shape.one_plus) {
      for (int64_t i = 0; i < columns; ++i)
        y[i] = narrow<T>(widen(x[i]) * inverse_rms * (A(1) + widen(weight[i])));
    } else {
      for (int64_t i = 0; i < columns; ++i) {
        y[i] = narrow<T>(widen(narrow<T>(widen(x[i]) * inverse_rms)) * widen(weight[i]));
      }
    }
  }
}

// With g = ∂y·w, r = 1/rms: ∂x = r·(g − x·r²·mean(g·x)), ∂w = Σ rows ∂y·x·r.
template <typename T>
XLT_INLINE void backward_row_of(const RmsNormBackward& args, int64_t row, Accumulator<T>* __restrict__ scaled,
                                Accumulator<T>* __restrict__ weight_sum) {
  using A = Accumulator<T>;
  const int64_t columns = args.shape.columns;
  const T* __restrict__ x = static_cast<const T*>(args.x) + row * columns;
  const T* __restrict__ y_gradient = static_cast<const T*>(args.y_gradient) + row * columns;
  const A inverse_rms = static_cast<const A*>(args.inverse_rms)[row];
  if (args.x_gradient != nullptr) {
    const T* __restrict__ weight = static_cast<const T*>(args.weight);
    A* __restrict__ values = scaled + columns;
    const A offset = args.shape.one_plus ? A(1) : A(0);
    for (int64_t i = 0; i < columns; ++i) scaled[i] = widen(y_gradient[i]) * (widen(weight[i]) + offset);
    for (int64_t i = 0; i < columns; ++i) values[i] = widen(x[i]);
    const A mean_product = dot(scaled, values, columns) / static_cast<A>(columns);
    const A slope = mean_product * inverse_rms * inverse_rms;
    for (int64_t i = 0; i < columns; ++i) scaled[i] = inverse_rms * (scaled[i] - values[i] * slope);
    store_gradient<T>(scaled, args.sum_gradient, row, columns, args.x_gradient);
  }
  if (weight_sum != nullptr) {
    for (int64_t i = 0; i < columns; ++i) weight_sum[i] += widen(y_gradient[i]) * (widen(x[i]) * inverse_rms);
  }
}

// Blocks [begin, end) of rows; a block's weight gradient is summed in order of its rows.
template <typename T>
XLT_INLINE void backward_blocks_of(const RmsNormBackward& args, int64_t begin, int64_t end, void* scratch) {
  using A = Accumulator<T>;
  for (int64_t block = begin; block < end; ++block) {
    A* weight_sum = sums_of_block<A>(args.weight_gradients, block, args.shape.columns);
    const int64_t first = block * args.shape.rows / args.blocks,
                  last = (block + 1) * args.shape.rows / args.blocks;
    for (int64_t row = first; row < last; ++row)
      backward_row_of<T>(args, row, static_cast<A*>(scratch), weight_sum);
  }
}

XLT_CPU_KERNEL void forward_rows(const RmsNormForward& args, int64_t begin, int64_t end) {
  with_dtype(args.shape.dtype,
             [&](auto zero) XLT_INLINED { forward_rows_of<decltype(zero)>(args, begin, end); });
}

XLT_CPU_KERNEL void backward_blocks(const RmsNormBackward& args, int64_t begin, int64_t end, void* scratch) {
  with_dtype(args.shape.dtype,
             [&](auto zero) XLT_INLINED { backward_blocks_of<decltype(zero)>(args, begin, end, scratch); });
}

}  // namespace

namespace cpu {

void rms_norm_forward(const RmsNormForward& args, const KernelStream&) {
  at::parallel_for(0, args.shape.rows, norm_grain(args.shape.columns),
                   [&](int64_t begin, int64_t end) { forward_rows(args, begin, end); });
}

void rms_norm_backward(const RmsNormBackward& args, const KernelStream&) {
  for_blocks_of_rows(
      args.shape.rows, args.shape.columns, args.blocks,
      [&](int64_t begin, int64_t end, void* scratch) { backward_blocks(args, begin, end, scratch); });
}

}  // namespace cpu
}  // namespace xlt::ops
