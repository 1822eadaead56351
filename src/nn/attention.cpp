// SPDX-License-Identifier: Apache-2.0
// Projections, norms, rotation, segment attention.
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

at::Tensor attend(const Heads& heads, const ForwardPass& pass, const ops::AttentionOptions& options,
                  int64_t layer) {
  at::Tensor k = heads.k, v = heads.v;
  if (pass.cache) {
    pass.cache->append(layer, k, v, pass.slots);
    k = pass.cache->keys(layer);
    v = pass.cache->values(layer);
  }
  const at::Tensor mixed = ops::segment_attention(heads.q, k, v, pass.plan, options);  // [N, H, D]
  return pass.kept(mixed.reshape({-1, mixed.size(1) * mixed.size(2)}), layer);
}

Heads Attention::project(const at::Tensor& x, const ForwardPass& pass) const {
  return {q_proj.forward(x, pass.dropout).view({-1, num_attention_heads, head_dim}),
          k_proj.forward(x, pass.dropout).view({-1, num_key_value_heads, head_dim}),
          v_proj.forward(x, pass.dropout).view({-1, num_key_value_heads, head_dim})};
}

at::Tensor Attention::forward(const at::Tensor& x, const ForwardPass& pass, const ops::RopeAngles& angles,
                              int64_t layer) const {
  Heads heads = project(x, pass);
  if (q_norm) heads.q = q_norm->forward(heads.q);
  if (k_norm) heads.k = k_norm->forward(heads.k);
  heads.q = ops::rope(heads.q, angles, rope_layout);
  heads.k = ops::rope(heads.k, angles, rope_layout);
  return o_proj.forward(attend(heads, pass, options, layer), pass.dropout_kept(layer));
}

}  // namespace xlt
