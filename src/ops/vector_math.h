// SPDX-License-Identifier: Apache-2.0
// Elementary functions written so that loops over them vectorise.
#pragma once

#include "ops/cpu_kernel.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace xlt::ops {

// e^x to 1 ulp (float) over the whole range: 0 far below −103, infinity above 88.73, NaN stays NaN,
// subnormals included. x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by a polynomial of degree 6 fitted to the
// least relative error (3e-9); ln 2 in two parts (Cody & Waite 1980).
XLT_INLINE float exp_approx(float x) {
  // Clamped to ±104, NaN kept; on the bits, because a comparison of floats would stop vectorisation
  // (cpu_kernel.h).
  constexpr int32_t kLimit = std::bit_cast<int32_t>(104.0f);
  constexpr int32_t kInfinity = 0x7f800000;
  const int32_t bits = std::bit_cast<int32_t>(x);
  const int32_t magnitude = bits & 0x7fffffff;
  const int32_t limited = magnitude < kLimit ? magnitude : kLimit;
  const int32_t clamped = magnitude > kInfinity ? magnitude : limited;
  x = std::bit_cast<float>(clamped | (bits - magnitude));
  // Adding 1.5·2²³ leaves round(x / ln 2) in the low bits of the mantissa.
  constexpr float kRounder = 12582912.0f;
  const float shifted = x * 1.44269504088896341f + kRounder;
  const float n = shifted - kRounder;
  const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRounder);
  float r = x - n * 0.693145751953125f;
  r = r - n * 1.42860682030941723212e-6f;
  float p = 1.38146e-3f;
  p = p * r + 8.36872e-3f;
  p = p * r + 4.166839e-2f;
  p = p * r + 0.16666521f;
  p = p * r + 0.49999994f;
  p = p * (r * r) + r;
  p = p + 1.0f;
  // 2^exponent as a product of two normal numbers, so that subnormal results and 2^128 come out right.
  const int32_t half = exponent >> 1;
  const float scale1 = std::bit_cast<float>((half + 127) << 23);
  const float scale2 = std::bit_cast<float>((exponent - half + 127) << 23);
  return p * scale1 * scale2;
}
XLT_INLINE double exp_approx(double x) { return std::exp(x); }

}  // namespace xlt::ops
