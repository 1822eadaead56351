// SPDX-License-Identifier: Apache-2.0
// Which elements dropout keeps, and its kernels.
#pragma once

#include "ops/cpu_kernel.h"
#include "ops/kernel_types.h"

#include <cmath>
#include <cstdint>

namespace xlt::ops {

// A bijection of 32 bits whose output bits each depend on all input bits (constants: C. Wellons' search for
// low-bias hashes, "lowbias32").
XLT_ANYWHERE uint32_t mix_bits(uint32_t x) {
  x ^= x >> 16;
  x *= 0x21f0aaadu;
  x ^= x >> 15;
  x *= 0x735a2d97u;
  x ^= x >> 15;
  return x;
}

struct DropoutRule {
  uint32_t low = 0, high = 0;  // of the key
  int32_t threshold = 0;       // kept where 31 bits of the hash are at least this: signed, which vectorises
  float scale = 1;             // 1 / (1 − p)
  DropoutRule() = default;
  DropoutRule(double p, uint64_t key)
      : low(static_cast<uint32_t>(key)),
        high(static_cast<uint32_t>(key >> 32)),
        threshold(static_cast<int32_t>(std::lround(p * 2147483647.0))),
        scale(static_cast<float>(1 / (1 - p))) {}
};

XLT_ANYWHERE bool dropout_keeps(const DropoutRule& rule, uint32_t index) {
  return static_cast<int32_t>(mix_bits(mix_bits(index + rule.low) ^ rule.high) >> 1) >= rule.threshold;
}

// y ← x · scale where kept, else 0, or y += that; dense arrays.
struct DropoutArgs {
  KernelDtype dtype = KernelDtype::kF32;
  int64_t count = 0;  // below 2³²
  const void* x = nullptr;
  void* y = nullptr;
  DropoutRule rule;
  bool add = false;
};
namespace cpu {
void dropout(const DropoutArgs& args, const KernelStream& stream);
}
namespace cuda {
void dropout(const DropoutArgs& args, const KernelStream& stream);
}

}  // namespace xlt::ops
