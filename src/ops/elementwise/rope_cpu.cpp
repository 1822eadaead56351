// SPDX-License-Identifier: Apache-2.0
// CPU kernel of rope.
#include "ops/elementwise/elementwise_kernels.h"
#include "ops/lanes.h"

#include <algorithm>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

template <typename T, bool kInterleaved>
XLT_INLINE void rotate_rows_of(const RopeArgs& args, int64_t begin, int64_t end) {
  using A = Accumulator<T>;
  const A direction = static_cast<A>(args.direction);
  for (int64_t row = begin; row < end; ++row) {
    const float* __restrict__ cos = args.cos + row * args.half;
    const float* __restrict__ sin = args.sin + row * args.half;
    for (int64_t head = 0; head < args.heads; ++head) {
      const T* __restrict__ x =
          static_cast<const T*>(args.x) + row * args.row_stride + head * args.head_stride;
      T* __restrict__ y = static_cast<T*>(args.y) + (row * args.heads + head) * 2 * args.half;
      for (int64_t i = 0; i < args.half; ++i) {
        const int64_t one = kInterleaved ? 2 * i : i, other = kInterleaved ? 2 * i + 1 : i + args.half;
        const A first = widen(x[one]), second = widen(x[other]);
        const A c = cos[i], s = direction * sin[i];
        y[one] = narrow<T>(first * c - second * s);
        y[other] = narrow<T>(second * c + first * s);
      }
    }
  }
}

XLT_CPU_KERNEL void rotate_rows(const RopeArgs& args, int64_t begin, int64_t end) {
  with_dtype(args.dtype, [&](auto zero) XLT_INLINED {
    if (args.interleaved)
      rotate_rows_of<decltype(zero), true>(args, begin, end);
    else
      rotate_rows_of<decltype(zero), false>(args, begin, end);
  });
}

}  // namespace

void rope(const RopeArgs& args, const KernelStream&) {
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / (args.heads * args.half * 2));
  at::parallel_for(0, args.rows, grain, [&](int64_t begin, int64_t end) { rotate_rows(args, begin, end); });
}

}  // namespace xlt::ops::cpu
