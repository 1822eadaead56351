// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of layer_norm: one block a row.
#include "ops/norm/layer_norm_kernels.h"
#include "ops/norm/norm_rows.cuh"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads); the
// gradient in float64 takes 36.
// clang-format off
// budget: forward_kernel 32 registers, 256 bytes of shared memory
// budget: x_gradient_kernel 36 registers, 256 bytes of shared memory
// budget: parameter_gradients_kernel 32 registers, 0 bytes of shared memory
// clang-format on

constexpr int kMaxThreads = 512;

// ---- kernels ----

template <typename T>
__global__ void forward_kernel(const T* x, const T* residual, const T* weight, const T* bias, T* sums, T* y,
                               Accumulator<T>* means, Accumulator<T>* inverse_deviations, int64_t columns,
                               Accumulator<T> eps) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  y += row * columns;
  x = summed_row(x, residual, sums, row, columns);
  A sum = 0;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) sum += widen(x[i]);
  const A mean = block_sum(sum) / static_cast<A>(columns);
  A squares = 0;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x)
    squares += (widen(x[i]) - mean) * (widen(x[i]) - mean);
  const A inverse = A(1) / sqrt(block_sum(squares) / static_cast<A>(columns) + eps);
  if (threadIdx.x == 0 && means != nullptr) {
    means[row] = mean;
    inverse_deviations[row] = inverse;
  }
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const A scaled = (widen(x[i]) - mean) * inverse * widen(weight[i]);
    y[i] = narrow<T>(bias != nullptr ? scaled + widen(bias[i]) : scaled);
  }
}

// With g = ∂y·w, n = (x − mean)·r, r = 1/deviation: ∂x = r·(g − mean(g) − n·mean(g·n)).
template <typename T>
__global__ void x_gradient_kernel(const T* y_gradient, const T* sum_gradient, const T* x, const T* weight,
                                  const Accumulator<T>* means, const Accumulator<T>* inverse_deviations,
                                  T* x_gradient, int64_t columns) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  x += row * columns;
  y_gradient += row * columns;
  x_gradient += row * columns;
  if (sum_gradient != nullptr) sum_gradient += row * columns;
  const A mean = means[row], inverse = inverse_deviations[row];
  A sum = 0, products = 0;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const A scaled = rounded_product(widen(y_gradient[i]), widen(weight[i]));
    sum += scaled;
    products += scaled * ((widen(x[i]) - mean) * inverse);
  }
  const A mean_gradient = block_sum(sum) / static_cast<A>(columns),
          mean_product = block_sum(products) / static_cast<A>(columns);
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const A scaled = rounded_product(widen(y_gradient[i]), widen(weight[i])),
            normed = (widen(x[i]) - mean) * inverse;
    x_gradient[i] =
        with_sum_gradient(inverse * (scaled - mean_gradient - normed * mean_product), sum_gradient, i);
  }
}

// ∂w = Σ ∂y·n and ∂b = Σ ∂y over a block of rows (blockIdx.y); a thread owns a column and sums in order of
// the rows.
template <typename T>
__global__ void parameter_gradients_kernel(const T* y_gradient, const T* x, const Accumulator<T>* means,
                                           const Accumulator<T>* inverse_deviations,
                                           Accumulator<T>* weight_gradients, Accumulator<T>* bias_gradients,
                                           int64_t rows, int64_t columns, int64_t blocks) {
  using A = Accumulator<T>;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, block = blockIdx.y;
  if (column >= columns) return;
  const int64_t last = (block + 1) * rows / blocks;
  A weight_sum = 0, bias_sum = 0;
  for (int64_t row = block * rows / blocks; row < last; ++row) {
    const int64_t i = row * columns + column;
    const A gradient = widen(y_gradient[i]);
    weight_sum += gradient * ((widen(x[i]) - means[row]) * inverse_deviations[row]);
    bias_sum += gradient;
  }
  if (weight_gradients != nullptr) weight_gradients[block * columns + column] = weight_sum;
  if (bias_gradients != nullptr) bias_gradients[block * columns + column] = bias_sum;
}

// ---- launchers, one element type each ----

template <typename T>
void launch_forward(const LayerNormForward& args, cudaStream_t stream) {
  using A = Accumulator<T>;
  launch("layer_norm on CUDA", forward_kernel<T>, dim3(static_cast<unsigned>(args.shape.rows)),
         whole_warps(args.shape.columns, kMaxThreads), stream, static_cast<const T*>(args.x),
         static_cast<const T*>(args.residual), static_cast<const T*>(args.weight),
         static_cast<const T*>(args.bias), static_cast<T*>(args.sum), static_cast<T*>(args.y),
         static_cast<A*>(args.mean), static_cast<A*>(args.inverse_deviation), args.shape.columns,
         static_cast<A>(args.eps));
}

template <typename T>
void launch_backward(const LayerNormBackward& args, cudaStream_t stream) {
  using A = Accumulator<T>;
  const LayerNormShape& shape = args.shape;
  const T* y_gradient = static_cast<const T*>(args.y_gradient);
  const T* x = static_cast<const T*>(args.x);
  const A* mean = static_cast<const A*>(args.mean);
  const A* inverse = static_cast<const A*>(args.inverse_deviation);
  const int threads = whole_warps(shape.columns, kMaxThreads);
  if (args.x_gradient != nullptr)
    launch("gradient of layer_norm on CUDA", x_gradient_kernel<T>, dim3(static_cast<unsigned>(shape.rows)),
           threads, stream, y_gradient, static_cast<const T*>(args.sum_gradient), x,
           static_cast<const T*>(args.weight), mean, inverse, static_cast<T*>(args.x_gradient),
           shape.columns);
  if (args.weight_gradients != nullptr || args.bias_gradients != nullptr) {
    const dim3 grid(static_cast<unsigned>((shape.columns + threads - 1) / threads),
                    static_cast<unsigned>(args.blocks));
    launch("gradients of layer_norm's weight and bias on CUDA", parameter_gradients_kernel<T>, grid, threads,
           stream, y_gradient, x, mean, inverse, static_cast<A*>(args.weight_gradients),
           static_cast<A*>(args.bias_gradients), shape.rows, shape.columns, args.blocks);
  }
}

}  // namespace

void layer_norm_forward(const LayerNormForward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_forward<decltype(zero)>(args, use_stream(stream)); });
}

void layer_norm_backward(const LayerNormBackward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_backward<decltype(zero)>(args, use_stream(stream)); });
}

}  // namespace xlt::ops::cuda
