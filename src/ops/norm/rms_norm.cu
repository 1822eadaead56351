// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of rms_norm: one block a row.
#include "ops/norm/norm_rows.cuh"
#include "ops/norm/rms_norm_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads).
// clang-format off
// budget: forward_kernel 32 registers, 256 bytes of shared memory
// budget: x_gradient_kernel 32 registers, 256 bytes of shared memory
// budget: weight_gradient_kernel 32 registers, 0 bytes of shared memory
// clang-format on

constexpr int kMaxThreads = 512;

// ---- kernels ----

template <typename T>
__global__ void forward_kernel(const T* x, const T* residual, const T* weight, T* sums, T* y,
                               Accumulator<T>* inverse_rms, int64_t columns, Accumulator<T> eps,
                               bool one_plus) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  y += row * columns;
  x = summed_row(x, residual, sums, row, columns);
  A sum = 0;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) sum += widen(x[i]) * widen(x[i]);
  const A inverse = A(1) / sqrt(block_sum(sum) / static_cast<A>(columns) + eps);
  if (threadIdx.x == 0 && inverse_rms != nullptr) inverse_rms[row] = inverse;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const A normed = widen(x[i]) * inverse;
    y[i] = one_plus ? narrow<T>(normed * (A(1) + widen(weight[i])))
                    : narrow<T>(widen(narrow<T>(normed)) * widen(weight[i]));
  }
}

// With g = ∂y·w, r = 1/rms: ∂x = r·(g − x·r²·mean(g·x)), and ∂sum where x is a sum used elsewhere too.
template <typename T>
__global__ void x_gradient_kernel(const T* y_gradient, const T* sum_gradient, const T* x, const T* weight,
                                  const Accumulator<T>* inverse_rms, T* x_gradient, int64_t columns,
                                  bool one_plus) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  x += row * columns;
  y_gradient += row * columns;
  x_gradient += row * columns;
  if (sum_gradient != nullptr) sum_gradient += row * columns;
  const A offset = one_plus ? A(1) : A(0), inverse = inverse_rms[row];
  A sum = 0;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    sum += widen(y_gradient[i]) * (offset + widen(weight[i])) * widen(x[i]);
  }
  const A slope = block_sum(sum) / static_cast<A>(columns) * inverse * inverse;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const A scaled = widen(y_gradient[i]) * (offset + widen(weight[i]));
    x_gradient[i] = with_sum_gradient(inverse * (scaled - widen(x[i]) * slope), sum_gradient, i);
  }
}

// ∂w = Σ ∂y·x·r over a block of rows (blockIdx.y); a thread owns a column and sums in order of the rows.
template <typename T>
__global__ void weight_gradient_kernel(const T* y_gradient, const T* x, const Accumulator<T>* inverse_rms,
                                       Accumulator<T>* weight_gradients, int64_t rows, int64_t columns,
                                       int64_t blocks) {
  using A = Accumulator<T>;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, block = blockIdx.y;
  if (column >= columns) return;
  const int64_t last = (block + 1) * rows / blocks;
  A sum = 0;
  for (int64_t row = block * rows / blocks; row < last; ++row) {
    const int64_t i = row * columns + column;
    sum += widen(y_gradient[i]) * (widen(x[i]) * inverse_rms[row]);
  }
  weight_gradients[block * columns + column] = sum;
}

// ---- launchers, one element type each ----

template <typename T>
void launch_forward(const RmsNormForward& args, cudaStream_t stream) {
  using A = Accumulator<T>;
  launch("rms_norm on CUDA", forward_kernel<T>, dim3(static_cast<unsigned>(args.shape.rows)),
         whole_warps(args.shape.columns, kMaxThreads), stream, static_cast<const T*>(args.x),
         static_cast<const T*>(args.residual), static_cast<const T*>(args.weight), static_cast<T*>(args.sum),
         static_cast<T*>(args.y), static_cast<A*>(args.inverse_rms), args.shape.columns,
         static_cast<A>(args.eps), args.shape.one_plus);
}

template <typename T>
void launch_backward(const RmsNormBackward& args, cudaStream_t stream) {
  using A = Accumulator<T>;
  const RmsNormShape& shape = args.shape;
  const T* y_gradient = static_cast<const T*>(args.y_gradient);
  const T* x = static_cast<const T*>(args.x);
  const A* inverse_rms = static_cast<const A*>(args.inverse_rms);
  const int threads = whole_warps(shape.columns, kMaxThreads);
  if (args.x_gradient != nullptr) {
    launch("gradient of rms_norm on CUDA", x_gradient_kernel<T>, dim3(static_cast<unsigned>(shape.rows)),
           threads, stream, y_gradient, static_cast<const T*>(args.sum_gradient), x,
           static_cast<const T*>(args.weight), inverse_rms, static_cast<T*>(args.x_gradient), shape.columns,
           shape.one_plus);
  }
  if (args.weight_gradients != nullptr) {
    const dim3 grid(static_cast<unsigned>((shape.columns + threads - 1) / threads),
                    static_cast<unsigned>(args.blocks));
    launch("gradient of rms_norm's weight on CUDA", weight_gradient_kernel<T>, grid, threads, stream,
           y_gradient, x, inverse_rms, static_cast<A*>(args.weight_gradients), shape.rows, shape.columns,
           args.blocks);
  }
}

}  // namespace

void rms_norm_forward(const RmsNormForward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_forward<decltype(zero)>(args, use_stream(stream)); });
}

void rms_norm_backward(const RmsNormBackward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_backward<decltype(zero)>(args, use_stream(stream)); });
}

}  // namespace xlt::ops::cuda
