// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/fused_attention.h"

namespace xlt {

Heads FusedAttention::project(const at::Tensor& x, const ForwardPass& pass) const {
  const at::Tensor all = qkv.forward(x, pass.dropout);
  if (layout == QkvLayout::kByHead) {
    const at::Tensor by_head = all.view({-1, num_attention_heads, 3, head_dim});
    return {by_head.select(2, 0), by_head.select(2, 1), by_head.select(2, 2)};
  }
  const at::Tensor heads = all.view({-1, num_attention_heads + 2 * num_key_value_heads, head_dim});
  return {heads.narrow(1, 0, num_attention_heads), heads.narrow(1, num_attention_heads, num_key_value_heads),
          heads.narrow(1, num_attention_heads + num_key_value_heads, num_key_value_heads)};
}

at::Tensor FusedAttention::forward(const at::Tensor& x, const ForwardPass& pass,
                                   const ops::RopeAngles& angles, int64_t layer) const {
  Heads heads = project(x, pass);
  heads.q = turned(heads.q, angles, ops::RopeLayout::kHalf);
  heads.k = turned(heads.k, angles, ops::RopeLayout::kHalf);
  return out.forward(attend(heads, pass, options, layer), pass.dropout_kept(layer));
}

}  // namespace xlt
