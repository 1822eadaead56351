// SPDX-License-Identifier: Apache-2.0
// Grouped-query attention over segments, with rotary positions and, where a family has them, query and key
// norms.
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

struct Attention {
  Linear q_proj, k_proj, v_proj, o_proj;
  std::optional<RmsNorm> q_norm, k_norm;  // over head_dim, before the rotation
  int64_t num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  ops::RopeLayout rope_layout = ops::RopeLayout::kHalf;
  ops::AttentionOptions options;
  // x [N, C] → [N, C], or of the rows that are read. With a cache, keys and values are appended to it first
  // and read from it.
  at::Tensor forward(const at::Tensor& x, const ForwardPass& pass, const ops::RopeAngles& angles,
                     int64_t layer) const;
};

}  // namespace xlt
