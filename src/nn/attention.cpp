// SPDX-License-Identifier: Apache-2.0
// Projections, norms, rotation, segment attention.
#include "xlt/nn/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>

#include "xlt/nn/kv_cache.h"

namespace xlt {

namespace {

at::Tensor normed(const std::optional<RmsNorm>& norm, const at::Tensor& heads) {
  if (!norm) return heads;
  const bool by_head = norm->weight.size(0) == heads.size(2);
  return norm->forward(by_head ? heads : heads.flatten(1)).view(heads.sizes());
}

}  // namespace

at::Tensor ForwardPass::kept(const at::Tensor& x, int64_t layer) const {
  return layer == last_layer && rows.defined() ? at::index_select(x, 0, rows) : x;
}

std::optional<DropoutKeys> ForwardPass::dropout_kept(int64_t layer) const {
  if (!dropout) return std::nullopt;
  return DropoutKeys{dropout->pass, kept(dropout->rows, layer)};
}

at::Tensor turned(const at::Tensor& heads, const ops::RopeAngles& angles, ops::RopeLayout layout) {
  if (!angles.cos.defined()) return heads;
  const int64_t turning = 2 * angles.cos.size(1), rest = heads.size(2) - turning;
  if (rest == 0) return ops::rope(heads, angles, layout);
  return at::cat({ops::rope(heads.narrow(2, 0, turning), angles, layout), heads.narrow(2, turning, rest)}, 2);
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
  heads.q = turned(normed(q_norm, heads.q), angles, rope_layout);
  heads.k = turned(normed(k_norm, heads.k), angles, rope_layout);
  return o_proj.forward(attend(heads, pass, options, layer), pass.dropout_kept(layer));
}

}  // namespace xlt
