// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of layer_norm: one block a row.
#include "ops/norm/layer_norm_kernels.h"
#include "ops/norm/norm_rows.cuh"

namespace xlt::ops::cuda {
namespace {

// A row's packs are held between the sums and their use, and registers are what that takes: 65,536 of a
// multiprocessor for two blocks of 512 threads or more of fewer; for one, where the gradient holds four packs
// of x and of ∂y.
// clang-format off
// budget: forward_kernel 64 registers, 256 bytes of shared memory
// budget: x_gradient_kernel 112 registers, 256 bytes of shared memory
// budget: parameter_gradients_kernel 72 registers, 0 bytes of shared memory
// clang-format on

// ---- kernels ----

template <typename T, int kHeld>
__global__ void __launch_bounds__(kMostRowThreads, 2)
    forward_kernel(const LayerNormForward args, const PackedRow<T> shape) {
  using A = Accumulator<T>;
  constexpr int kSize = Pack<T>::kSize;
  const int columns = shape.size;
  const int64_t row = blockIdx.x, begin = row * columns;
  HeldRow<T, kHeld> x(shape, static_cast<const T*>(args.x) + begin);
  if (args.residual != nullptr)
    x.add(static_cast<const T*>(args.residual) + begin, static_cast<T*>(args.sum) + begin);
  A sum = 0;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> pack = x.at(h, first);  // zeros beyond the row
#pragma unroll
    for (int i = 0; i < kSize; ++i) sum += widen(pack.value[i]);
  });
  const A mean = block_sum(sum) / static_cast<A>(columns);
  A squares = 0;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> pack = x.at(h, first);
#pragma unroll
    for (int i = 0; i < kSize; ++i) {
      const A centred = i < shape.count(first) ? widen(pack.value[i]) - mean : A(0);
      squares += centred * centred;
    }
  });
  const A inverse = A(1) / sqrt(block_sum(squares) / static_cast<A>(columns) + static_cast<A>(args.eps));
  if (threadIdx.x == 0 && args.mean != nullptr) {
    static_cast<A*>(args.mean)[row] = mean;
    static_cast<A*>(args.inverse_deviation)[row] = inverse;
  }
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    Pack<T> pack = x.at(h, first), bias;
    const Pack<T> weight = shape.read(static_cast<const T*>(args.weight), first);
    if (args.bias != nullptr) bias = shape.read(static_cast<const T*>(args.bias), first);
#pragma unroll
    for (int i = 0; i < kSize; ++i) {
      const A scaled = (widen(pack.value[i]) - mean) * inverse * widen(weight.value[i]);
      pack.value[i] = narrow<T>(args.bias != nullptr ? scaled + widen(bias.value[i]) : scaled);
    }
    shape.write(pack, static_cast<T*>(args.y) + begin, first);
  });
}

// With g = ∂y·w, n = (x − mean)·r, r = 1/deviation: ∂x = r·(g − mean(g) − n·mean(g·n)).
template <typename T, int kHeld>
__global__ void __launch_bounds__(kMostRowThreads, kHeld == 4 ? 1 : 2)
    x_gradient_kernel(const LayerNormBackward args, const PackedRow<T> shape) {
  using A = Accumulator<T>;
  constexpr int kSize = Pack<T>::kSize;
  const int columns = shape.size;
  const int64_t row = blockIdx.x, begin = row * columns;
  const T* sum_gradient =
      args.sum_gradient == nullptr ? nullptr : static_cast<const T*>(args.sum_gradient) + begin;
  const HeldRow<T, kHeld> x(shape, static_cast<const T*>(args.x) + begin);
  const HeldRow<T, kHeld> y_gradient(shape, static_cast<const T*>(args.y_gradient) + begin);
  const A mean = static_cast<const A*>(args.mean)[row],
          inverse = static_cast<const A*>(args.inverse_deviation)[row];
  const auto weight_at = [&](int first) { return shape.read(static_cast<const T*>(args.weight), first); };
  A sum = 0, products = 0;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> value = x.at(h, first), gradient = y_gradient.at(h, first), weight = weight_at(first);
#pragma unroll
    for (int i = 0; i < kSize; ++i) {
      const A scaled = rounded_product(widen(gradient.value[i]), widen(weight.value[i]));  // 0 beyond the row
      sum += scaled;
      products += scaled * ((widen(value.value[i]) - mean) * inverse);
    }
  });
  const A mean_gradient = block_sum(sum) / static_cast<A>(columns),
          mean_product = block_sum(products) / static_cast<A>(columns);
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> value = x.at(h, first), gradient = y_gradient.at(h, first), weight = weight_at(first);
    A result[kSize];
#pragma unroll
    for (int i = 0; i < kSize; ++i) {
      const A scaled = rounded_product(widen(gradient.value[i]), widen(weight.value[i])),
              normed = (widen(value.value[i]) - mean) * inverse;
      result[i] = inverse * (scaled - mean_gradient - normed * mean_product);
    }
    write_gradient<T>(shape, result, sum_gradient, static_cast<T*>(args.x_gradient) + begin, first);
  });
}

// ∂w = Σ ∂y·n and ∂b = Σ ∂y over a block of rows.
template <typename T>
__global__ void parameter_gradients_kernel(const LayerNormBackward args, const PackedRow<T> shape) {
  using A = Accumulator<T>;
  if (own_columns<T>() >= shape.size) return;
  const A* means = static_cast<const A*>(args.mean);
  const A* inverse_deviations = static_cast<const A*>(args.inverse_deviation);
  A weight_sums[Pack<T>::kSize] = {}, bias_sums[Pack<T>::kSize] = {};
  for_rows_of_block<T>(shape, static_cast<const T*>(args.y_gradient), static_cast<const T*>(args.x),
                       args.shape.rows, args.blocks,
                       [&](int64_t row, const Pack<T>& gradients, const Pack<T>& x) {
                         const A mean = means[row], inverse = inverse_deviations[row];
#pragma unroll
                         for (int i = 0; i < Pack<T>::kSize; ++i) {
                           const A gradient = widen(gradients.value[i]);
                           weight_sums[i] += gradient * ((widen(x.value[i]) - mean) * inverse);
                           bias_sums[i] += gradient;
                         }
                       });
  leave_sums<T>(weight_sums, args.weight_gradients, shape.size);
  leave_sums<T>(bias_sums, args.bias_gradients, shape.size);
}

// ---- launchers, one element type each ----

template <typename T>
void launch_forward(const LayerNormForward& args, cudaStream_t stream) {
  const int64_t columns = args.shape.columns;
  const PackedRow<T> shape{
      static_cast<int>(columns),
      lies_in_packs<T>(columns, args.x, args.residual, args.weight, args.bias, args.sum, args.y)};
  launch("layer_norm on CUDA",
         kernel_for<T>(columns, forward_kernel<T, 2>, forward_kernel<T, 4>, forward_kernel<T, 0>),
         dim3(static_cast<unsigned>(args.shape.rows)), row_threads<T>(columns), stream, args, shape);
}

template <typename T>
void launch_backward(const LayerNormBackward& args, cudaStream_t stream) {
  const int64_t columns = args.shape.columns;
  const PackedRow<T> shape{
      static_cast<int>(columns),
      lies_in_packs<T>(columns, args.y_gradient, args.sum_gradient, args.x, args.weight, args.x_gradient)};
  if (args.x_gradient != nullptr)
    launch("gradient of layer_norm on CUDA",
           kernel_for<T>(columns, x_gradient_kernel<T, 2>, x_gradient_kernel<T, 4>, x_gradient_kernel<T, 0>),
           dim3(static_cast<unsigned>(args.shape.rows)), row_threads<T>(columns), stream, args, shape);
  if (args.weight_gradients != nullptr || args.bias_gradients != nullptr)
    launch("gradients of layer_norm's weight and bias on CUDA", parameter_gradients_kernel<T>,
           column_blocks<T>(columns, args.blocks), kColumnThreads, stream, args, shape);
}

}  // namespace

void layer_norm_forward(const LayerNormForward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_forward<decltype(zero)>(args, use_stream(stream)); });
}

void layer_norm_backward(const LayerNormBackward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_backward<decltype(zero)>(args, use_stream(stream)); });
}

}  // namespace xlt::ops::cuda
