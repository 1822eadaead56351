// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of gated_activation: one block a row.
#include "ops/cuda_common.cuh"
#include "ops/elementwise/elementwise_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads); float64
// takes 36 for sm_100 and 42 for sm_120.
// clang-format off
// budget: forward_kernel 42 registers, 0 bytes of shared memory
// budget: backward_kernel 32 registers, 0 bytes of shared memory
// clang-format on

constexpr int kMaxThreads = 256;

// activation(x) = x · logistic(z(x)): SiLU with z = x; GELU's tanh form with z = 2·√(2/π)·(x + 0.044715·x³)
// (Hendrycks & Gimpel 2016).
template <bool kGelu, typename A>
__device__ A inner(A x) {
  return kGelu ? A(1.5957691216057308) * x * (A(1) + A(0.044715) * x * x) : x;
}
template <bool kGelu, typename A>
__device__ A inner_slope(A x) {
  return kGelu ? A(1.5957691216057308) * (A(1) + A(3 * 0.044715) * x * x) : A(1);
}

template <typename T, bool kGelu>
__global__ void forward_kernel(const GatedActivationArgs args) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  const T* gate = static_cast<const T*>(args.gate) + row * args.gate_stride;
  const T* up = static_cast<const T*>(args.up) + row * args.up_stride;
  T* y = static_cast<T*>(args.y) + row * args.columns;
  for (int64_t i = threadIdx.x; i < args.columns; i += blockDim.x) {
    const A x = widen(gate[i]);
    // Where the exponential overflows, the quotient is the 0 it should be.
    y[i] = narrow<T>(x / (A(1) + exp(-inner<kGelu>(x))) * widen(up[i]));
  }
}

template <typename T, bool kGelu>
__global__ void backward_kernel(const GatedActivationArgs args) {
  using A = Accumulator<T>;
  const int64_t row = blockIdx.x;
  const T* gate = static_cast<const T*>(args.gate) + row * args.gate_stride;
  const T* up = static_cast<const T*>(args.up) + row * args.up_stride;
  const T* y_gradient = static_cast<const T*>(args.y_gradient) + row * args.columns;
  T* gate_gradient = static_cast<T*>(args.gate_gradient) + row * args.columns;
  T* up_gradient = static_cast<T*>(args.up_gradient) + row * args.columns;
  for (int64_t i = threadIdx.x; i < args.columns; i += blockDim.x) {
    const A x = widen(gate[i]), gradient = widen(y_gradient[i]), z = inner<kGelu>(x);
    // The logistic of z and its complement, neither by subtraction from 1; e^−|z| never overflows.
    const A small = exp(z < A(0) ? z : -z), larger = A(1) / (A(1) + small), smaller = small * larger;
    const A value = z < A(0) ? smaller : larger, complement = z < A(0) ? larger : smaller;
    up_gradient[i] = narrow<T>(gradient * (x * value));
    gate_gradient[i] =
        narrow<T>(gradient * widen(up[i]) * (value * (A(1) + x * inner_slope<kGelu>(x) * complement)));
  }
}

void launch_rows(const char* what, void (*kernel)(GatedActivationArgs), const GatedActivationArgs& args,
                 const KernelStream& stream) {
  launch(what, kernel, dim3(static_cast<unsigned>(args.rows)), whole_warps(args.columns, kMaxThreads),
         use_stream(stream), args);
}

}  // namespace

void gated_activation_forward(const GatedActivationArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_rows("gated_activation on CUDA", args.gelu ? forward_kernel<T, true> : forward_kernel<T, false>,
                args, stream);
  });
}

void gated_activation_backward(const GatedActivationArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_rows("gradient of gated_activation on CUDA",
                args.gelu ? backward_kernel<T, true> : backward_kernel<T, false>, args, stream);
  });
}

}  // namespace xlt::ops::cuda
