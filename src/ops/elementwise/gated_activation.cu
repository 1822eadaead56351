// SPDX-License-Identifier: Apache-2.0
// CUDA kernels of gated_activation: one or more blocks a row.
#include "ops/elementwise/elementwise_kernels.h"
#include "ops/vectors.cuh"

namespace xlt::ops::cuda {
namespace {

// Several elements are under way in a thread, which takes the place of more threads.
// clang-format off
// budget: forward_kernel 48 registers, 0 bytes of shared memory
// budget: backward_kernel 56 registers, 0 bytes of shared memory
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

// Every pack of a row, shared among the threads of the blocks of one row (blockIdx.x).
template <typename T, typename Visit>
__device__ void for_packs_of_row(const PackedRow<T>& row, const Visit& visit) {
  const int step = static_cast<int>(gridDim.y * blockDim.x) * Pack<T>::kSize;
  int first = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * Pack<T>::kSize;
  for (; first < row.size; first += step) visit(first);
}

template <typename T, bool kGelu>
__global__ void forward_kernel(const GatedActivationArgs args, const PackedRow<T> row) {
  using A = Accumulator<T>;
  const int64_t r = blockIdx.x;
  const T* gates = static_cast<const T*>(args.gate) + r * args.gate_stride;
  const T* ups = static_cast<const T*>(args.up) + r * args.up_stride;
  for_packs_of_row(row, [&](int first) {
    const Pack<T> gate = row.read(gates, first);
    Pack<T> up = row.read(ups, first);
#pragma unroll
    for (int i = 0; i < Pack<T>::kSize; ++i) {
      const A x = widen(gate.value[i]);
      // Where the exponential overflows, the quotient is the 0 it should be.
      up.value[i] = narrow<T>(x / (A(1) + exp(-inner<kGelu>(x))) * widen(up.value[i]));
    }
    row.write(up, static_cast<T*>(args.y) + r * args.columns, first);
  });
}

template <typename T, bool kGelu>
__global__ void backward_kernel(const GatedActivationArgs args, const PackedRow<T> row) {
  using A = Accumulator<T>;
  const int64_t r = blockIdx.x, begin = r * args.columns;
  const T* gates = static_cast<const T*>(args.gate) + r * args.gate_stride;
  const T* ups = static_cast<const T*>(args.up) + r * args.up_stride;
  for_packs_of_row(row, [&](int first) {
    Pack<T> gate = row.read(gates, first), up = row.read(ups, first);
    const Pack<T> y_gradient = row.read(static_cast<const T*>(args.y_gradient) + begin, first);
#pragma unroll
    for (int i = 0; i < Pack<T>::kSize; ++i) {
      const A x = widen(gate.value[i]), gradient = widen(y_gradient.value[i]), z = inner<kGelu>(x);
      // The logistic of z and its complement, neither by subtraction from 1; e^−|z| never overflows.
      const A small = exp(z < A(0) ? z : -z), larger = A(1) / (A(1) + small), smaller = small * larger;
      const A value = z < A(0) ? smaller : larger, complement = z < A(0) ? larger : smaller;
      gate.value[i] = narrow<T>(gradient * widen(up.value[i]) *
                                (value * (A(1) + x * inner_slope<kGelu>(x) * complement)));
      up.value[i] = narrow<T>(gradient * (x * value));
    }
    row.write(up, static_cast<T*>(args.up_gradient) + begin, first);
    row.write(gate, static_cast<T*>(args.gate_gradient) + begin, first);
  });
}

template <typename T>
void launch_rows(const char* what, void (*kernel)(GatedActivationArgs, PackedRow<T>),
                 const GatedActivationArgs& args, const KernelStream& stream) {
  const bool is_aligned =
      lies_in_packs<T>(args.gate_stride, args.gate) && lies_in_packs<T>(args.up_stride, args.up) &&
      lies_in_packs<T>(args.columns, args.y, args.y_gradient, args.gate_gradient, args.up_gradient);
  const int64_t packs = (args.columns + Pack<T>::kSize - 1) / Pack<T>::kSize;
  const int threads = whole_warps(packs, kMaxThreads);
  const int64_t blocks = (packs + threads - 1) / threads;
  launch(what, kernel,
         dim3(static_cast<unsigned>(args.rows), static_cast<unsigned>(blocks < 1024 ? blocks : 1024)),
         threads, use_stream(stream), args, PackedRow<T>{static_cast<int>(args.columns), is_aligned});
}

}  // namespace

void gated_activation_forward(const GatedActivationArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_rows<T>("gated_activation on CUDA", args.gelu ? forward_kernel<T, true> : forward_kernel<T, false>,
                   args, stream);
  });
}

void gated_activation_backward(const GatedActivationArgs& args, const KernelStream& stream) {
  with_dtype(args.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_rows<T>("gradient of gated_activation on CUDA",
                   args.gelu ? backward_kernel<T, true> : backward_kernel<T, false>, args, stream);
  });
}

}  // namespace xlt::ops::cuda
