// SPDX-License-Identifier: Apache-2.0
// What the CPU kernels of segment_attention work on. Inside `ops` only.
#pragma once

#include "ops/attention/attention_tiles.h"
#include "ops/attention/bias_arrays.h"

#include <cstdint>

#include "xlt/ops/attention/segment_attention.h"

namespace xlt::ops {

// Contiguous arrays: q, out [N, H, D] float32; k, v [S, K, D]; lse [N, H] (log Σ exp of the finished logits),
// null where no backward will ask for it.
struct AttentionArrays {
  int64_t num_queries, num_keys, num_heads, num_key_heads, head_dim;
  const float* q;
  KeyArray k, v;
  float *out, *lse;
  AttentionOptions options;
  BiasArrays bias;
};
void attention_forward(const AttentionArrays& arrays, const AttentionPlan& plan);

// dq [N, H, D]; dk, dv [H, S, D], one plane a query head (the caller sums a group's planes); all zeroed.
struct AttentionGradients {
  const float* dout;  // [N, H, D]
  float *dq, *dk, *dv;
};
// Trees × heads run in parallel: segments of different trees touch different key rows.
void attention_backward(const AttentionArrays& arrays, const AttentionGradients& gradients,
                        const AttentionPlan& plan);

}  // namespace xlt::ops
