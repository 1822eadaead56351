// SPDX-License-Identifier: Apache-2.0
// CPU kernel of activation. One instruction sequence for every element, so that an element in the last,
// incomplete vector gets the bits it would get in the middle of one.
#include "ops/elementwise/activation_kernel.h"
#include "ops/lanes.h"
#include "ops/vector_math.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

// Φ(−a) for a ≥ 0, the normal distribution's tail: e^(−a²/2)·Q(t) with t = 1 / (1 + 0.35·a). Q was fitted to
// the least relative error on [0, 15] (3.2e-8).
XLT_INLINE float normal_tail(float a) {
  const float t = 1.0f / (1.0f + 0.35f * a);
  float q = -0.029162742440761728f;
  q = q * t + 0.14405552736292787f;
  q = q * t - 0.2558919010090912f;
  q = q * t + 0.1593825222529417f;
  q = q * t - 0.023257306347985916f;
  q = q * t + 0.10557227630531585f;
  q = q * t + 0.11981608372932692f;
  q = q * t + 0.13986426196497664f;
  q = q * t + 0.13962126229156246f;
  return exp_approx(-0.5f * a * a) * (q * t);
}
XLT_INLINE double normal_tail(double a) { return 0.5 * std::erfc(a * 0.70710678118654752440); }

template <typename A>
XLT_INLINE A relu(A x) {
  return A(0.5) * (x + std::abs(x));  // exact; a select on floats would not vectorise (cpu_kernel.h)
}

// relu by the bits (a NaN may come out as 0). Beside another product, relu's own would leave the compiler the
// choice which of the two to fuse with the sum: one for vectors and another for the elements after them.
XLT_INLINE float positive_part(float x) {
  const int32_t bits = std::bit_cast<int32_t>(x);
  return std::bit_cast<float>(bits & ~(bits >> 31));
}
XLT_INLINE double positive_part(double x) {
  const int64_t bits = std::bit_cast<int64_t>(x);
  return std::bit_cast<double>(bits & ~(bits >> 63));
}

template <Activation kActivation, typename A>
XLT_INLINE A value_of(A x) {
  if constexpr (kActivation == Activation::kRelu) return relu(x);
  // x·Φ(x), without cancellation on the negative side.
  if constexpr (kActivation == Activation::kGelu)
    return positive_part(x) - std::abs(x) * normal_tail(std::abs(x));
  // x·logistic(z); where the exponential overflows, the quotient is the 0 it should be.
  const A z = kActivation == Activation::kSilu ? x : A(1.5957691216057308) * x * (A(1) + A(0.044715) * x * x);
  return x / (A(1) + exp_approx(-z));
}

template <typename T, Activation kActivation>
XLT_INLINE void range_of(const ActivationArgs& args, int64_t begin, int64_t end) {
  const T* __restrict__ x = static_cast<const T*>(args.x);
  T* __restrict__ y = static_cast<T*>(args.y);
  for (int64_t i = begin; i < end; ++i) y[i] = narrow<T>(value_of<kActivation>(widen(x[i])));
}

template <typename T>
XLT_INLINE void range_of(const ActivationArgs& args, int64_t begin, int64_t end) {
  switch (args.activation) {
    case Activation::kSilu:
      return range_of<T, Activation::kSilu>(args, begin, end);
    case Activation::kGeluTanh:
      return range_of<T, Activation::kGeluTanh>(args, begin, end);
    case Activation::kGelu:
      return range_of<T, Activation::kGelu>(args, begin, end);
    case Activation::kRelu:
      return range_of<T, Activation::kRelu>(args, begin, end);
  }
}

XLT_CPU_KERNEL void range(const ActivationArgs& args, int64_t begin, int64_t end) {
  with_dtype(args.dtype, [&](auto zero) XLT_INLINED { range_of<decltype(zero)>(args, begin, end); });
}

}  // namespace

void activation(const ActivationArgs& args, const KernelStream&) {
  constexpr int64_t kGrain = int64_t{1} << 14;  // elements a task: each costs an exponential
  at::parallel_for(0, args.size, kGrain, [&](int64_t begin, int64_t end) { range(args, begin, end); });
}

}  // namespace xlt::ops::cpu
