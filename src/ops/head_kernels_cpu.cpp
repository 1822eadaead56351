// SPDX-License-Identifier: Apache-2.0
#include "ops/head_kernels.h"
#include "ops/vector_math.h"

#include <algorithm>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

constexpr int64_t kBlock = 1024;  // floats summed before a partial sum goes to double
constexpr int kWidth = 16;

XLT_CPU_KERNEL void exponentials(float* x, int64_t length, float shift) {
  for (int64_t i = 0; i < length; ++i) x[i] = exp_approx(x[i] - shift);
}

XLT_CPU_KERNEL void scale(float* x, int64_t length, float factor) {
  for (int64_t i = 0; i < length; ++i) x[i] *= factor;
}

}  // namespace

XLT_CPU_KERNEL float largest_of(const float* x, int64_t length) {
  // On bits made monotone, because a comparison of floats would stop vectorisation; NaN ends up above
  // infinity.
  int32_t best[kWidth];
  for (int j = 0; j < kWidth; ++j) best[j] = std::numeric_limits<int32_t>::min();
  const auto ordered = [](float value) {
    const int32_t bits = std::bit_cast<int32_t>(value);
    return bits ^ ((bits >> 31) & 0x7fffffff);
  };
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

XLT_CPU_KERNEL void exponentials_of(const float* x, int64_t length, float highest, float factor, float* out) {
  for (int64_t i = 0; i < length; ++i) out[i] = exp_approx((x[i] - highest) * factor);
}

XLT_CPU_KERNEL double sum_of_exponentials(const float* x, int64_t length, float highest, float factor) {
  double total = 0;
  for (int64_t begin = 0; begin < length; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, length);
    float sums[kWidth] = {};
    int64_t i = begin;
    for (; i + kWidth <= end; i += kWidth)
      for (int j = 0; j < kWidth; ++j) sums[j] += exp_approx((x[i + j] - highest) * factor);
    for (; i < end; ++i) sums[0] += exp_approx((x[i] - highest) * factor);
    for (int j = 0; j < kWidth; ++j) total += sums[j];
  }
  return total;
}

void add_block(const float* logits, int64_t rows, int64_t columns, const int64_t* targets, int64_t first,
               OnlineLogSumExp* states) {
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* x = logits + row * columns;
      OnlineLogSumExp& state = states[row];
      const float highest = std::max(state.highest, largest_of(x, columns));
      state.sum = state.sum * std::exp(static_cast<double>(state.highest) - highest) +
                  sum_of_exponentials(x, columns, highest, 1.0f);
      state.highest = highest;
      const int64_t target = targets[row] - first;
      if (target >= 0 && target < columns) state.target = x[target];
    }
  });
}

void softmax_minus_onehot(float* logits, int64_t rows, int64_t columns, const int64_t* targets, float* logp) {
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* x = logits + row * columns;
      const float highest = largest_of(x, columns);
      const double sum = sum_of_exponentials(x, columns, highest, 1.0f);
      logp[row] = static_cast<float>(static_cast<double>(x[targets[row]]) - highest - std::log(sum));
      exponentials(x, columns, highest);
      scale(x, columns, static_cast<float>(1 / sum));
      x[targets[row]] -= 1;
    }
  });
}

}  // namespace xlt::ops
