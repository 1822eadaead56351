// SPDX-License-Identifier: Apache-2.0
// Projections, rotation, segment attention.
#include "xlt/nn/attention.h"

#include <ATen/ops/index_select.h>

#include "xlt/nn/kv_cache.h"

namespace xlt {

at::Tensor ForwardPass::kept(const at::Tensor& x, int64_t layer) const {
  return layer == last_layer && rows.defined() ? at::index_select(x, 0, rows) : x;
}

std::optional<DropoutKeys> ForwardPass::dropout_kept(int64_t layer) const {
  if (!dropout) return std::nullopt;
  return DropoutKeys{dropout->pass, kept(dropout->rows, layer)};
}

at::Tensor Attention::forward(const at::Tensor& x, const ForwardPass& pass, const ops::RopeAngles& angles,
                              int64_t layer) const {
  at::Tensor q = q_proj.forward(x, pass.dropout).view({-1, num_attention_heads, head_dim});  // [N, H, D]
  at::Tensor k = k_proj.forward(x, pass.dropout).view({-1, num_key_value_heads, head_dim});  // [N, K, D]
  at::Tensor v = v_proj.forward(x, pass.dropout).view({-1, num_key_value_heads, head_dim});
  if (q_norm) q = q_norm->forward(q);
  if (k_norm) k = k_norm->forward(k);
  q = ops::rope(q, angles, rope_layout);
  k = ops::rope(k, angles, rope_layout);
  if (pass.cache) {
    pass.cache->append(layer, k, v, pass.slots);
    k = pass.cache->keys(layer);
    v = pass.cache->values(layer);
  }
  const at::Tensor mixed = ops::segment_attention(q, k, v, pass.plan, options);  // [N, H, D]
  return o_proj.forward(pass.kept(mixed.reshape({-1, num_attention_heads * head_dim}), layer),
                        pass.dropout_kept(layer));
}

}  // namespace xlt
