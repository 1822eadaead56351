// SPDX-License-Identifier: Apache-2.0
// CPU kernels of gated_activation.
#include "ops/elementwise/elementwise_kernels.h"
#include "ops/lanes.h"
#include "ops/vector_math.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

// Logistic function of v and its complement, both without cancellation: e^−|v| never overflows.
template <typename A>
struct Logistic {
  A value, complement;
};

template <typename A>
XLT_INLINE Logistic<A> logistic(A v) {
  const A small = exp_approx(-std::abs(v));
  const A larger = A(1) / (A(1) + small);
  const A smaller = small * larger;
  // 1 where v is positive, 0 where it is negative; arithmetic instead of a select on floats (cpu_kernel.h).
  const A positive = A(0.5) + std::copysign(A(0.5), v);
  const A difference = positive * (larger - smaller);
  return {smaller + difference, larger - difference};
}

// gelu(x) ≈ x·logistic(2·√(2/π)·(x + 0.044715·x³)) (Hendrycks & Gimpel 2016); silu(x) = x·logistic(x).
template <typename A, bool kGelu>
XLT_INLINE A inner(A x) {
  if constexpr (!kGelu) return x;
  return A(1.5957691216057308) * x * (A(1) + A(0.044715) * x * x);
}

template <typename A, bool kGelu>
XLT_INLINE A inner_slope(A x) {
  if constexpr (!kGelu) return A(1);
  return A(1.5957691216057308) * (A(1) + A(3 * 0.044715) * x * x);
}

template <typename T, bool kGelu>
XLT_INLINE void forward_rows_of(const GatedActivationArgs& args, int64_t begin, int64_t end) {
  using A = Accumulator<T>;
  for (int64_t row = begin; row < end; ++row) {
    const T* __restrict__ gate = static_cast<const T*>(args.gate) + row * args.gate_stride;
    const T* __restrict__ up = static_cast<const T*>(args.up) + row * args.up_stride;
    T* __restrict__ y = static_cast<T*>(args.y) + row * args.columns;
    for (int64_t i = 0; i < args.columns; ++i) {
      const A x = widen(gate[i]);
      // Where the exponential overflows, the quotient is the 0 it should be.
      y[i] = narrow<T>(x / (A(1) + exp_approx(-inner<A, kGelu>(x))) * widen(up[i]));
    }
  }
}

template <typename T, bool kGelu>
XLT_INLINE void backward_rows_of(const GatedActivationArgs& args, int64_t begin, int64_t end) {
  using A = Accumulator<T>;
  for (int64_t row = begin; row < end; ++row) {
    const T* __restrict__ gate = static_cast<const T*>(args.gate) + row * args.gate_stride;
    const T* __restrict__ up = static_cast<const T*>(args.up) + row * args.up_stride;
    const T* __restrict__ y_gradient = static_cast<const T*>(args.y_gradient) + row * args.columns;
    T* __restrict__ gate_gradient = static_cast<T*>(args.gate_gradient) + row * args.columns;
    T* __restrict__ up_gradient = static_cast<T*>(args.up_gradient) + row * args.columns;
    for (int64_t i = 0; i < args.columns; ++i) {
      const A x = widen(gate[i]), gradient = widen(y_gradient[i]);
      const Logistic<A> p = logistic(inner<A, kGelu>(x));
      const A slope = p.value * (A(1) + x * inner_slope<A, kGelu>(x) * p.complement);
      up_gradient[i] = narrow<T>(gradient * (x * p.value));
      gate_gradient[i] = narrow<T>(gradient * widen(up[i]) * slope);
    }
  }
}

template <typename T>
XLT_INLINE void forward_rows_of(const GatedActivationArgs& args, int64_t begin, int64_t end) {
  if (args.gelu) return forward_rows_of<T, true>(args, begin, end);
  return forward_rows_of<T, false>(args, begin, end);
}

template <typename T>
XLT_INLINE void backward_rows_of(const GatedActivationArgs& args, int64_t begin, int64_t end) {
  if (args.gelu) return backward_rows_of<T, true>(args, begin, end);
  return backward_rows_of<T, false>(args, begin, end);
}

XLT_CPU_KERNEL void forward_rows(const GatedActivationArgs& args, int64_t begin, int64_t end) {
  with_dtype(args.dtype, [&](auto zero) XLT_INLINED { forward_rows_of<decltype(zero)>(args, begin, end); });
}

XLT_CPU_KERNEL void backward_rows(const GatedActivationArgs& args, int64_t begin, int64_t end) {
  with_dtype(args.dtype, [&](auto zero) XLT_INLINED { backward_rows_of<decltype(zero)>(args, begin, end); });
}

// About 2^14 elements a task: each costs an exponential.
int64_t grain_size(const GatedActivationArgs& args) {
  return std::max<int64_t>(1, (int64_t{1} << 14) / args.columns);
}

}  // namespace

void gated_activation_forward(const GatedActivationArgs& args, const KernelStream&) {
  at::parallel_for(0, args.rows, grain_size(args),
                   [&](int64_t begin, int64_t end) { forward_rows(args, begin, end); });
}

void gated_activation_backward(const GatedActivationArgs& args, const KernelStream&) {
  at::parallel_for(0, args.rows, grain_size(args),
                   [&](int64_t begin, int64_t end) { backward_rows(args, begin, end); });
}

}  // namespace xlt::ops::cpu
