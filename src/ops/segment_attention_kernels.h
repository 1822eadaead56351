// What the CPU kernels of segment_attention work on. Inside `ops` only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "xlt/ops/segment_attention.h"

namespace xlt::ops {

// A plan unrolled: for every query row, which key rows it sees, in order of position.
struct AttentionRows {
  std::vector<int64_t> key_rows;      // segments' key rows, one segment after another
  std::vector<int64_t> first, count;  // of query row n: key_rows[first[n] … first[n] + count[n])
};
AttentionRows unroll(const AttentionPlan& plan, int64_t num_queries, int64_t num_keys, int64_t window);

// Contiguous float32 arrays: q, out [N, H, D]; k, v [S, K, D]; lse [N, H] (log Σ exp of the scaled logits).
struct AttentionArrays {
  int64_t num_queries, num_heads, num_key_heads, head_dim;
  const float *q, *k, *v;
  float *out, *lse;
  double scale, softcap;
};
void attention_forward(const AttentionArrays& arrays, const AttentionRows& rows);

// dq [N, H, D]; dk, dv [H, S, D], zeroed, one plane a query head (the caller sums a group's planes).
struct AttentionGradients {
  const float* dout;  // [N, H, D]
  float *dq, *dk, *dv;
  int64_t num_keys;
};
// Queries of different trees touch different key rows, so trees × heads run in parallel.
void attention_backward(const AttentionArrays& arrays, const AttentionGradients& gradients,
                        const AttentionRows& rows, const std::vector<int64_t>& tree_query_begins);

}  // namespace xlt::ops
