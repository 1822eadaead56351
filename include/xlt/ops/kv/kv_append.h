// SPDX-License-Identifier: Apache-2.0
// Writes new keys and values into the slots of a cache.
#pragma once

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// keys[slots[i]] ← k[i] and values[slots[i]] ← v[i], in place, in one kernel for both. keys, values
// [capacity, K, D], contiguous, of a floating type; k, v [N, K, D] of their dtype; slots [N] int64 on their
// device, no two alike and each below `capacity`, which is checked on the CPU only: a GPU would have to be
// waited for. No autograd.
void kv_append(const at::Tensor& keys, const at::Tensor& values, const at::Tensor& k, const at::Tensor& v,
               const at::Tensor& slots);

}  // namespace xlt::ops
