// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of rms_norm: one block a row.
#include "ops/norm/norm_rows.cuh"
#include "ops/norm/rms_norm_kernels.h"

namespace xlt::ops::cuda {
namespace {

// A row's packs are held between the sum and its use, and registers are what that takes: 65,536 of a
// multiprocessor for two blocks of 512 threads or more of fewer; for one, where the gradient holds four packs
// of x and of ∂y.
// clang-format off
// budget: forward_kernel 64 registers, 256 bytes of shared memory
// budget: x_gradient_kernel 112 registers, 256 bytes of shared memory
// budget: weight_gradient_kernel 72 registers, 0 bytes of shared memory
// clang-format on

// ---- kernels ----

template <typename T, int kHeld>
__global__ void __launch_bounds__(kMostRowThreads, kHeld == 2 ? 3 : 2)
    forward_kernel(const RmsNormForward args, const PackedRow<T> shape) {
  using A = Accumulator<T>;
  constexpr int kSize = Pack<T>::kSize;
  const int columns = shape.size;
  const int64_t row = blockIdx.x, begin = row * columns;
  const bool one_plus = args.shape.one_plus;
  HeldRow<T, kHeld> x(shape, static_cast<const T*>(args.x) + begin);
  if (args.residual != nullptr)
    x.add(static_cast<const T*>(args.residual) + begin, static_cast<T*>(args.sum) + begin);
  A sum = 0;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> pack = x.at(h, first);  // zeros beyond the row
#pragma unroll
    for (int i = 0; i < kSize; ++i) sum += widen(pack.value[i]) * widen(pack.value[i]);
  });
  const A inverse = A(1) / sqrt(block_sum(sum) / static_cast<A>(columns) + static_cast<A>(args.eps));
  if (threadIdx.x == 0 && args.inverse_rms != nullptr) static_cast<A*>(args.inverse_rms)[row] = inverse;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    Pack<T> pack = x.at(h, first);
    const Pack<T> weight = shape.read(static_cast<const T*>(args.weight), first);
#pragma unroll
    for (int i = 0; i < kSize; ++i) {
      const A normed = widen(pack.value[i]) * inverse, w = widen(weight.value[i]);
      pack.value[i] = one_plus ? narrow<T>(normed * (A(1) + w)) : narrow<T>(widen(narrow<T>(normed)) * w);
    }
    shape.write(pack, static_cast<T*>(args.y) + begin, first);
  });
}

// With g = ∂y·w, r = 1/rms: ∂x = r·(g − x·r²·mean(g·x)), and ∂sum where x is a sum used elsewhere too.
template <typename T, int kHeld>
__global__ void __launch_bounds__(kMostRowThreads, kHeld == 4 ? 1 : 2)
    x_gradient_kernel(const RmsNormBackward args, const PackedRow<T> shape) {
  using A = Accumulator<T>;
  constexpr int kSize = Pack<T>::kSize;
  const int columns = shape.size;
  const int64_t row = blockIdx.x, begin = row * columns;
  const T* sum_gradient =
      args.sum_gradient == nullptr ? nullptr : static_cast<const T*>(args.sum_gradient) + begin;
  const HeldRow<T, kHeld> x(shape, static_cast<const T*>(args.x) + begin);
  const HeldRow<T, kHeld> y_gradient(shape, static_cast<const T*>(args.y_gradient) + begin);
  const A offset = args.shape.one_plus ? A(1) : A(0), inverse = static_cast<const A*>(args.inverse_rms)[row];
  const auto weight_at = [&](int first) { return shape.read(static_cast<const T*>(args.weight), first); };
  A sum = 0;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> value = x.at(h, first), gradient = y_gradient.at(h, first), weight = weight_at(first);
#pragma unroll
    for (int i = 0; i < kSize; ++i)
      sum += widen(gradient.value[i]) * (offset + widen(weight.value[i])) * widen(value.value[i]);
  });
  const A slope = block_sum(sum) / static_cast<A>(columns) * inverse * inverse;
  for_packs<T, kHeld>(columns, [&](int h, int first) {
    const Pack<T> value = x.at(h, first), gradient = y_gradient.at(h, first), weight = weight_at(first);
    A result[kSize];
#pragma unroll
    for (int i = 0; i < kSize; ++i) {
      const A scaled = widen(gradient.value[i]) * (offset + widen(weight.value[i]));
      result[i] = inverse * (scaled - widen(value.value[i]) * slope);
    }
    write_gradient<T>(shape, result, sum_gradient, static_cast<T*>(args.x_gradient) + begin, first);
  });
}

// ∂w = Σ ∂y·x·r over a block of rows.
template <typename T>
__global__ void weight_gradient_kernel(const RmsNormBackward args, const PackedRow<T> shape) {
  using A = Accumulator<T>;
  if (own_columns<T>() >= shape.size) return;
  const A* inverse_rms = static_cast<const A*>(args.inverse_rms);
  A sums[Pack<T>::kSize] = {};
  for_rows_of_block<T>(shape, static_cast<const T*>(args.y_gradient), static_cast<const T*>(args.x),
                       args.shape.rows, args.blocks,
                       [&](int64_t row, const Pack<T>& gradient, const Pack<T>& x) {
                         const A inverse = inverse_rms[row];
#pragma unroll
                         for (int i = 0; i < Pack<T>::kSize; ++i)
                           sums[i] += widen(gradient.value[i]) * (widen(x.value[i]) * inverse);
                       });
  leave_sums<T>(sums, args.weight_gradients, shape.size);
}

// ---- launchers, one element type each ----

template <typename T>
void launch_forward(const RmsNormForward& args, cudaStream_t stream) {
  const int64_t columns = args.shape.columns;
  const PackedRow<T> shape{static_cast<int>(columns),
                           lies_in_packs<T>(columns, args.x, args.residual, args.weight, args.sum, args.y)};
  launch("rms_norm on CUDA",
         kernel_for<T>(columns, forward_kernel<T, 2>, forward_kernel<T, 4>, forward_kernel<T, 0>),
         dim3(static_cast<unsigned>(args.shape.rows)), row_threads<T>(columns), stream, args, shape);
}

template <typename T>
void launch_backward(const RmsNormBackward& args, cudaStream_t stream) {
  const int64_t columns = args.shape.columns;
  const PackedRow<T> shape{
      static_cast<int>(columns),
      lies_in_packs<T>(columns, args.y_gradient, args.sum_gradient, args.x, args.weight, args.x_gradient)};
  if (args.x_gradient != nullptr)
    launch("gradient of rms_norm on CUDA",
           kernel_for<T>(columns, x_gradient_kernel<T, 2>, x_gradient_kernel<T, 4>, x_gradient_kernel<T, 0>),
           dim3(static_cast<unsigned>(args.shape.rows)), row_threads<T>(columns), stream, args, shape);
  if (args.weight_gradients != nullptr)
    launch("gradient of rms_norm's weight on CUDA", weight_gradient_kernel<T>,
           column_blocks<T>(columns, args.blocks), kColumnThreads, stream, args, shape);
}

}  // namespace

void rms_norm_forward(const RmsNormForward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_forward<decltype(zero)>(args, use_stream(stream)); });
}

void rms_norm_backward(const RmsNormBackward& args, const KernelStream& stream) {
  with_dtype(args.shape.dtype, [&](auto zero) { launch_backward<decltype(zero)>(args, use_stream(stream)); });
}

}  // namespace xlt::ops::cuda
