// Which elements dropout keeps. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/cpu_kernel.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace xlt::ops {

// A bijection of 32 bits whose output bits each depend on all input bits (constants: C. Wellons' search for
// low-bias hashes, "lowbias32").
XLT_INLINE uint32_t mix_bits(uint32_t x) {
  x ^= x >> 16;
  x *= 0x21f0aaadu;
  x ^= x >> 15;
  x *= 0x735a2d97u;
  x ^= x >> 15;
  return x;
}

struct DropoutRule {
  uint32_t low, high;  // of the key
  int32_t threshold;   // kept where 31 bits of the hash are at least this
  int32_t scale_bits;  // of 1 / (1 − p) in float32
  DropoutRule(double p, uint64_t key)
      : low(static_cast<uint32_t>(key)),
        high(static_cast<uint32_t>(key >> 32)),
        threshold(static_cast<int32_t>(std::lround(p * 2147483647.0))),
        scale_bits(std::bit_cast<int32_t>(static_cast<float>(1 / (1 - p)))) {}
};

// Signed comparison and selection by bits: what vectorises (cpu_kernel.h).
XLT_INLINE float dropout_factor(const DropoutRule& rule, uint32_t index) {
  const int32_t hash = static_cast<int32_t>(mix_bits(mix_bits(index + rule.low) ^ rule.high) >> 1);
  return std::bit_cast<float>(rule.scale_bits & -static_cast<int32_t>(hash >= rule.threshold));
}

}  // namespace xlt::ops
