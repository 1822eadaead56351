// SPDX-License-Identifier: Apache-2.0
#include "ops/float_rows.h"

#include "ops/vector_math.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace xlt::ops {
namespace {

constexpr int kWidth = 16;

// Floats as integers of the same order, because a comparison of floats would stop vectorisation; NaN of
// either sign (x86 makes negative ones) above infinity.
XLT_INLINE int32_t ordered(float value) {
  const int32_t bits = std::bit_cast<int32_t>(value);
  const int32_t magnitude = bits & 0x7fffffff;
  const int32_t key = bits ^ ((bits >> 31) & 0x7fffffff);
  return magnitude > 0x7f800000 ? magnitude : key;
}

}  // namespace

XLT_CPU_KERNEL float largest_of(const float* x, int64_t length) {
  int32_t best[kWidth];
  for (int j = 0; j < kWidth; ++j) best[j] = std::numeric_limits<int32_t>::min();
  int64_t i = 0;
  for (; i + kWidth <= length; i += kWidth)
    for (int j = 0; j < kWidth; ++j) {
      const int32_t value = ordered(x[i + j]);
      best[j] = best[j] > value ? best[j] : value;
    }
  for (; i < length; ++i) best[0] = std::max(best[0], ordered(x[i]));
  int32_t top = *std::max_element(best, best + kWidth);
  top ^= (top >> 31) & 0x7fffffff;
  return std::bit_cast<float>(top);
}

XLT_CPU_KERNEL double sum_of_exponentials(const float* x, int64_t length, float highest, float factor) {
  constexpr int64_t kSumBlock = 1024;
  double total = 0;
  for (int64_t begin = 0; begin < length; begin += kSumBlock) {
    const int64_t end = std::min(begin + kSumBlock, length);
    float sums[kWidth] = {};
    int64_t i = begin;
    for (; i + kWidth <= end; i += kWidth)
      for (int j = 0; j < kWidth; ++j) sums[j] += exp_approx((x[i + j] - highest) * factor);
    for (; i < end; ++i) sums[0] += exp_approx((x[i] - highest) * factor);
    double sum = 0;
    for (int j = 0; j < kWidth; ++j) sum += sums[j];
    total += sum;
  }
  return total;
}

XLT_CPU_KERNEL void exponentials(const float* x, int64_t length, float highest, float factor,
                                 float* weights) {
  for (int64_t i = 0; i < length; ++i) weights[i] = exp_approx((x[i] - highest) * factor);
}

XLT_CPU_KERNEL void scale_row(float* x, int64_t length, float factor) {
  for (int64_t i = 0; i < length; ++i) x[i] *= factor;
}

}  // namespace xlt::ops
