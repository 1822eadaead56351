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

// The rule for one row's elements, the key and the row's name mixed. `high` is mixed once more than `low`,
// and from another start: with high = mix_bits(low), the two would cancel in every row's first element.
XLT_ANYWHERE DropoutRule rule_of_row(DropoutRule rule, int64_t name) {
  rule.low = mix_bits(static_cast<uint32_t>(name) + rule.low);
  rule.high = mix_bits(static_cast<uint32_t>(name >> 32) ^ rule.high ^ mix_bits(rule.low ^ 0x9e3779b9u));
  return rule;
}

XLT_ANYWHERE bool dropout_keeps(const DropoutRule& of_row, uint32_t column) {
  return static_cast<int32_t>(mix_bits(mix_bits(column + of_row.low) ^ of_row.high) >> 1) >= of_row.threshold;
}

// y ← x · scale where kept, else 0, or y += that; dense arrays of `num_rows` rows of `width`.
struct DropoutArgs {
  KernelDtype dtype = KernelDtype::kF32;
  int64_t num_rows = 0, width = 0;
  const int64_t* names = nullptr;  // of the rows; null: their indices
  const void* x = nullptr;
  void* y = nullptr;
  DropoutRule rule;
  bool add = false;

  XLT_ANYWHERE DropoutRule rule_of(int64_t row) const {
    return rule_of_row(rule, names == nullptr ? row : names[row]);
  }
};
namespace cpu {
void dropout(const DropoutArgs& args, const KernelStream& stream);
}
namespace cuda {
void dropout(const DropoutArgs& args, const KernelStream& stream);
}

}  // namespace xlt::ops
