// SPDX-License-Identifier: Apache-2.0
#include "ops/head_kernels.h"
#include "ops/lanes.h"
#include "ops/vector_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <ATen/Parallel.h>

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

template <typename T>
XLT_INLINE void capped_exponentials_of(const float* x, int64_t length, float highest, float factor,
                                       float inverse, T* to) {
  for (int64_t i = 0; i < length; ++i) {
    const float capped = x[i] * inverse;
    to[i] = narrow<T>(exp_approx(x[i] - highest) * (factor * (1 - capped * capped)));
  }
}

}  // namespace

XLT_CPU_KERNEL void capped_exponentials(const float* x, int64_t length, float highest, float factor,
                                        float inverse, float* to) {
  capped_exponentials_of(x, length, highest, factor, inverse, to);
}
XLT_CPU_KERNEL void capped_exponentials(const float* x, int64_t length, float highest, float factor,
                                        float inverse, c10::BFloat16* to) {
  capped_exponentials_of(x, length, highest, factor, inverse, to);
}

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

void block_maxima(const float* x, int64_t length, float* maxima) {
  for (int64_t begin = 0; begin < length; begin += kMaxBlock)
    maxima[begin / kMaxBlock] = largest_of(x + begin, std::min(kMaxBlock, length - begin));
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

void store_past_caches(const float* from, int64_t count, float* to) {
  int64_t i = 0;
#ifdef __SSE2__
  if (reinterpret_cast<uintptr_t>(to) % 16 == 0) {
    for (; i + 4 <= count; i += 4) _mm_stream_ps(to + i, _mm_loadu_ps(from + i));
    _mm_sfence();  // such stores are not ordered with those that tell another thread of them
  }
#endif
  std::copy(from + i, from + count, to + i);
}

namespace cpu {

void add_block(const LogitRows& args, const KernelStream&) {
  const LogitBlock& block = args.block;
  at::parallel_for(0, block.rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* x = block.logits + row * block.columns;
      OnlineLogSumExp& state = args.states[row];
      const double highest = std::max<double>(state.highest, largest_of(x, block.columns));
      state.sum = state.sum * std::exp(state.highest - highest) +
                  sum_of_exponentials(x, block.columns, static_cast<float>(highest), 1.0f);
      state.highest = highest;
      const int64_t target = block.targets[row] - block.first;
      if (target >= 0 && target < block.columns) state.target = x[target];
    }
  });
}

void gradient_in_place(const LogitRows& args, const KernelStream&) {
  const LogitBlock& block = args.block;
  const float scale = args.scale, inverse = args.softcap > 0 ? 1 / args.softcap : 0;
  at::parallel_for(0, block.rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* x = block.logits + row * block.columns;
      const auto highest = static_cast<float>(args.states[row].highest);
      capped_exponentials(x, block.columns, highest, static_cast<float>(-scale / args.states[row].sum),
                          inverse, x);
      const int64_t target = block.targets[row] - block.first;
      if (target < 0 || target >= block.columns) continue;
      const double capped = args.states[row].target * inverse;
      x[target] += static_cast<float>(scale * (1 - capped * capped));
    }
  });
}

}  // namespace cpu
}  // namespace xlt::ops
