// SPDX-License-Identifier: Apache-2.0
// Attention over a forest of segments: every query sees the keys of its segment's ancestors and of its own
// segment, causally or whole, within a window; or the keys of another forest. Packed: no padding, no mask
// tensor.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/ops/attention/attention_bias.h"
#include "xlt/ops/attention/plan_cache.h"

namespace xlt::ops {

// A run of consecutive key rows.
struct Span {
  int64_t begin = 0, length = 0;
  bool operator==(const Span&) const = default;
};

// Queries [query_begin, query_begin + query_length) of q. Their keys are the rows of `spans`, in order of
// position (0, 1, 2 …): the ancestors' spans first; the last span is the segment's own, of length
// query_length. Query i stands at position Σ lengths of the ancestor spans + i. In cross-attention the spans
// are of another forest, at least one key in all, and queries have no position among them.
struct AttentionSegment {
  int64_t query_begin = 0, query_length = 0;
  std::vector<Span> spans;
};

// Segments cover every row of q exactly once, in order of query_begin. Not to be changed once an op has run
// on it; a copy may be.
struct AttentionPlan {
  std::vector<AttentionSegment> segments;
  // Segments that share no key rows with others may run (and accumulate gradients) in parallel: first segment
  // index of each independent tree, ascending, starting with 0. Set by whoever builds the plan.
  std::vector<int64_t> tree_begins;
  PlanCache cache;  // of ops, for their own use
};

struct AttentionOptions {
  double scale = 1.0;    // logits = scale · q·k
  int64_t window = 0;    // a query at position p sees keys at positions > p − window; 0: all before it
  double softcap = 0.0;  // logits ← softcap · tanh(logits / softcap); 0: none
  // Whether a query sees its own segment up to itself alone. If not: all of it, but for positions ≥ p +
  // window; and a plan may be of cross-attention where there is neither window nor bias.
  bool is_causal = true;
  AttentionBias bias;  // added to the capped logits
};

// q [N, H, D], k and v [S, K, D] (S = N in training and scoring; cache slots in generation; the other
// forest's tokens in cross-attention), H a multiple of K; head h reads key head h / (H / K). → [N, H, D] in
// q's dtype; softmax in float32. Differentiable in q, k, v. Each query's result is computed from its own keys
// alone, in order: bitwise independent of the rest of the batch (CPU). On CUDA, half precision may run on
// tensor cores (ops/attention/flash_attention.h): the weights are then rounded to q's dtype, and dq is summed
// in no fixed order, so its last bits differ from run to run.
at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::shared_ptr<const AttentionPlan> plan, const AttentionOptions& options);

}  // namespace xlt::ops
