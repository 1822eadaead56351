// SPDX-License-Identifier: Apache-2.0
// Grouped-query attention over segments, in two halves: a family makes queries, keys and values as it likes
// (fused or separate projections, norms over heads or over all, rotary positions or none), attend() does the
// rest. `Attention` is what Llama and its relatives have.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>

#include "xlt/nn/dropout_keys.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/rms_norm.h"
#include "xlt/ops/attention/segment_attention.h"
#include "xlt/ops/elementwise/rope.h"

namespace xlt {

class KvCache;

// What every layer of one forward pass shares.
struct ForwardPass {
  std::shared_ptr<const ops::AttentionPlan> plan;
  KvCache* cache = nullptr;
  at::Tensor slots;  // with a cache: of the batch's tokens, [N] int64
  at::Tensor rows;   // the rows that are read after the last layer, [M] int64; undefined: all
  int64_t last_layer = -1;
  // x [N, C] of a layer's input or attention → what the rest of the layer computes on: the rows that are
  // read.
  at::Tensor kept(const at::Tensor& x, int64_t layer) const;
  // Of the batch's tokens; nothing: no dropout.
  std::optional<DropoutKeys> dropout;
  // Of what follows a layer's attention: of the rows that are read, in the last one.
  std::optional<DropoutKeys> dropout_kept(int64_t layer) const;
};

struct Heads {
  at::Tensor q, k, v;  // [N, H, D], [N, K, D], [N, K, D]
};

// heads [N, H, D] with the first elements of every head turned, as many as there are angles for; without
// angles (`cos` undefined) as they are.
at::Tensor turned(const at::Tensor& heads, const ops::RopeAngles& angles, ops::RopeLayout layout);

// Appends keys and values to the pass's cache, if it has one, and reads them from it. → [N, H·D], or of the
// rows that are read; what o_proj is given.
at::Tensor attend(const Heads& heads, const ForwardPass& pass, const ops::AttentionOptions& options,
                  int64_t layer);

struct Attention {
  Linear q_proj, k_proj, v_proj, o_proj;
  // Before the rotation; over head_dim, or, with weights that long, over all heads together (OLMo 2).
  std::optional<RmsNorm> q_norm, k_norm;
  int64_t num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  ops::RopeLayout rope_layout = ops::RopeLayout::kHalf;
  ops::AttentionOptions options;
  // x [N, C], projected and laid out by head: neither normed nor rotated.
  Heads project(const at::Tensor& x, const ForwardPass& pass) const;
  // project, norms, rotation (turned), attend, o_proj: x [N, C] → [N, C], or of the rows that are read.
  at::Tensor forward(const at::Tensor& x, const ForwardPass& pass, const ops::RopeAngles& angles,
                     int64_t layer) const;
};

}  // namespace xlt
