// SPDX-License-Identifier: Apache-2.0
#include "ops/float_rows.h"
#include "ops/head/head_kernels.h"
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

void block_maxima(const float* x, int64_t length, float* maxima) {
  for (int64_t begin = 0; begin < length; begin += kMaxBlock)
    maxima[begin / kMaxBlock] = largest_of(x + begin, std::min(kMaxBlock, length - begin));
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
