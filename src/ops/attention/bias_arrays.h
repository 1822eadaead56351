// SPDX-License-Identifier: Apache-2.0
// AttentionBias as kernels read it. Torch-free. Inside `ops` only.
#pragma once

#include "ops/cpu_kernel.h"

#include <cstdint>

namespace xlt::ops {

struct BiasArrays {
  const float* slopes = nullptr;       // [H], or null
  const float* by_distance = nullptr;  // [H, 2 · reach + 1], or null
  int32_t reach = 0;

  XLT_ANYWHERE bool is_defined() const { return slopes != nullptr || by_distance != nullptr; }
  // Of a key `distance` positions after the query.
  XLT_ANYWHERE float at(int head, int distance) const {
    float bias = 0;
    if (slopes != nullptr) bias -= slopes[head] * static_cast<float>(distance < 0 ? -distance : distance);
    if (by_distance != nullptr) {
      const int clamped = distance < -reach ? -reach : distance > reach ? reach : distance;
      bias += by_distance[static_cast<int64_t>(head) * (2 * reach + 1) + reach + clamped];
    }
    return bias;
  }
};

}  // namespace xlt::ops
