// SPDX-License-Identifier: Apache-2.0
// CPU kernel of dropout.
#include "ops/elementwise/dropout_kernels.h"
#include "ops/lanes.h"

#include <bit>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

constexpr int64_t kGrain = 32768;  // elements a thread takes at least

template <typename T, bool kAdd>
XLT_INLINE void drop_of(const DropoutArgs& args, int64_t begin, int64_t end) {
  const DropoutRule rule = args.rule;
  const int32_t scale = std::bit_cast<int32_t>(rule.scale);
  const uint32_t first = static_cast<uint32_t>(begin), count = static_cast<uint32_t>(end - begin);
  const T* __restrict__ x = static_cast<const T*>(args.x) + begin;
  T* __restrict__ y = static_cast<T*>(args.y) + begin;
  for (uint32_t i = 0; i < count; ++i) {
    // Selection by bits: what vectorises (cpu_kernel.h).
    const int32_t kept = -static_cast<int32_t>(dropout_keeps(rule, first + i));
    const auto value = widen(x[i]) * static_cast<Accumulator<T>>(std::bit_cast<float>(scale & kept));
    y[i] = narrow<T>(kAdd ? widen(y[i]) + value : value);
  }
}

XLT_CPU_KERNEL void drop(const DropoutArgs& args, int64_t begin, int64_t end) {
  with_dtype(args.dtype, [&](auto zero) XLT_INLINED {
    using T = decltype(zero);
    args.add ? drop_of<T, true>(args, begin, end) : drop_of<T, false>(args, begin, end);
  });
}

}  // namespace

void dropout(const DropoutArgs& args, const KernelStream&) {
  at::parallel_for(0, args.count, kGrain, [&](int64_t begin, int64_t end) { drop(args, begin, end); });
}

}  // namespace xlt::ops::cpu
