// SPDX-License-Identifier: Apache-2.0
// What kernels of segment_attention rely on. Inside `ops` only.
#pragma once

#include <cstdint>

#include "xlt/ops/attention/segment_attention.h"

namespace xlt::ops {

// Shapes, plan and options fit one another. Throws kInternal.
void check_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionPlan& plan,
                     const AttentionOptions& options);
// Threads add to the key rows of different trees without a lock, so the trees must be what they claim.
void check_trees(const AttentionPlan& plan, int64_t num_keys);

}  // namespace xlt::ops
