// SPDX-License-Identifier: Apache-2.0
// CPU kernel of dropout.
#include "ops/elementwise/dropout_kernels.h"
#include "ops/lanes.h"

#include <algorithm>
#include <bit>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

constexpr int64_t kGrain = 32768;  // elements a thread takes at least

// Columns [first, first + count) of one row, from x and y on.
template <typename T, bool kAdd>
XLT_INLINE void drop_of(const DropoutRule& rule, uint32_t first, uint32_t count, const T* __restrict__ x,
                        T* __restrict__ y) {
  const int32_t scale = std::bit_cast<int32_t>(rule.scale);
  for (uint32_t i = 0; i < count; ++i) {
    // Selection by bits: what vectorises (cpu_kernel.h).
    const int32_t kept = -static_cast<int32_t>(dropout_keeps(rule, first + i));
    const auto value = widen(x[i]) * static_cast<Accumulator<T>>(std::bit_cast<float>(scale & kept));
    y[i] = narrow<T>(kAdd ? widen(y[i]) + value : value);
  }
}

// Elements [begin, end) of the array; rows are cut where threads meet.
XLT_CPU_KERNEL void drop(const DropoutArgs& args, int64_t begin, int64_t end) {
  with_dtype(args.dtype, [&](auto zero) XLT_INLINED {
    using T = decltype(zero);
    for (int64_t i = begin; i < end;) {
      const int64_t row = i / args.width, first = i % args.width;
      const auto count = static_cast<uint32_t>(std::min(args.width - first, end - i));
      const DropoutRule rule = args.rule_of(row);
      const T* x = static_cast<const T*>(args.x) + i;
      T* y = static_cast<T*>(args.y) + i;
      if (args.add)
        drop_of<T, true>(rule, static_cast<uint32_t>(first), count, x, y);
      else
        drop_of<T, false>(rule, static_cast<uint32_t>(first), count, x, y);
      i += count;
    }
  });
}

}  // namespace

void dropout(const DropoutArgs& args, const KernelStream&) {
  at::parallel_for(0, args.num_rows * args.width, kGrain,
                   [&](int64_t begin, int64_t end) { drop(args, begin, end); });
}

}  // namespace xlt::ops::cpu
