// SPDX-License-Identifier: Apache-2.0
// Scalars and vectors of CPU kernels: conversions that vectorise, and reductions with a fixed order of
// summation.
#pragma once

#include "ops/cpu_kernel.h"
#include "ops/kernel_types.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

namespace xlt::ops {

// What a kernel computes in: double for double, else float.
template <typename T>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <typename T>
using Accumulator = typename AccumulatorOf<T>::type;

// Calls function(T{}) with the element type of `dtype`. A kernel's function is a lambda with XLT_INLINED, so
// that it is compiled for the kernel's instruction set.
template <typename Function>
XLT_INLINE void with_dtype(KernelDtype dtype, const Function& function) {
  switch (dtype) {
    case KernelDtype::kF32:
      return function(float{});
    case KernelDtype::kF64:
      return function(double{});
    case KernelDtype::kBf16:
      return function(c10::BFloat16{});
    case KernelDtype::kF16:
      return function(c10::Half{});
  }
}

XLT_INLINE float widen(float value) { return value; }
XLT_INLINE double widen(double value) { return value; }
XLT_INLINE float widen(c10::BFloat16 value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.x) << 16);
}
XLT_INLINE float widen(c10::Half value) { return value; }

// Rounds to nearest, ties to even. bfloat16: NaN stays NaN; selects on integers only (cpu_kernel.h says why).
template <typename T>
XLT_INLINE T narrow(Accumulator<T> value) {
  if constexpr (std::is_same_v<T, c10::BFloat16>) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
    const uint32_t kept = (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : rounded;
    return c10::BFloat16(static_cast<uint16_t>(kept >> 16), c10::BFloat16::from_bits());
  } else {
    return static_cast<T>(value);
  }
}

// 32 bytes of partial sums: one AVX register (wider ones, GCC 12 keeps in memory where there is no AVX-512).
// The order of summation, and so the result, depends on nothing but the length.
template <typename A>
using Lanes __attribute__((vector_size(32))) = A;
template <typename A>
inline constexpr int64_t kLanes = 32 / sizeof(A);

template <typename T>
XLT_INLINE void load_lanes(const T* from, Lanes<Accumulator<T>>& to) {
  using A = Accumulator<T>;
  if constexpr (std::is_same_v<T, A>) {
    std::memcpy(&to, from, sizeof(to));
  } else {
    A buffer[kLanes<A>];
    for (int64_t j = 0; j < kLanes<A>; ++j) buffer[j] = widen(from[j]);
    std::memcpy(&to, buffer, sizeof(to));
  }
}

// to[j] = from[j] for j < count < lanes, zero beyond.
template <typename T>
XLT_INLINE void load_tail(const T* from, int64_t count, Lanes<Accumulator<T>>& to) {
  using A = Accumulator<T>;
  A buffer[kLanes<A>] = {};
  for (int64_t j = 0; j < count; ++j) buffer[j] = widen(from[j]);
  std::memcpy(&to, buffer, sizeof(to));
}

template <typename A>
XLT_INLINE A sum_of_lanes(const Lanes<A>& lanes) {
  A buffer[kLanes<A>];
  std::memcpy(buffer, &lanes, sizeof(buffer));
  for (int64_t width = kLanes<A> / 2; width > 0; width /= 2) {
    for (int64_t j = 0; j < width; ++j) buffer[j] += buffer[j + width];
  }
  return buffer[0];
}

// Σ x[i].
template <typename T>
XLT_INLINE Accumulator<T> sum_of(const T* x, int64_t length) {
  using A = Accumulator<T>;
  constexpr int64_t kStep = kLanes<A>;
  Lanes<A> sums[4] = {}, values;  // enough to hide the latency of an addition
  int64_t i = 0;
  for (; i + 4 * kStep <= length; i += 4 * kStep) {
    for (int64_t k = 0; k < 4; ++k) {
      load_lanes(x + i + k * kStep, values);
      sums[k] += values;
    }
  }
  for (; i + kStep <= length; i += kStep) {
    load_lanes(x + i, values);
    sums[0] += values;
  }
  if (i < length) {
    load_tail(x + i, length - i, values);
    sums[1] += values;
  }
  return sum_of_lanes<A>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// Σ a[i]·b[i].
template <typename T>
XLT_INLINE Accumulator<T> dot(const T* a, const T* b, int64_t length) {
  using A = Accumulator<T>;
  constexpr int64_t kStep = kLanes<A>;
  Lanes<A> sums[4] = {};  // enough to hide the latency of an addition
  Lanes<A> left, right;
  int64_t i = 0;
  for (; i + 4 * kStep <= length; i += 4 * kStep) {
    for (int64_t k = 0; k < 4; ++k) {
      load_lanes(a + i + k * kStep, left);
      load_lanes(b + i + k * kStep, right);
      sums[k] += left * right;
    }
  }
  for (; i + kStep <= length; i += kStep) {
    load_lanes(a + i, left);
    load_lanes(b + i, right);
    sums[0] += left * right;
  }
  if (i < length) {
    load_tail(a + i, length - i, left);
    load_tail(b + i, length - i, right);
    sums[1] += left * right;
  }
  return sum_of_lanes<A>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace xlt::ops
