// SPDX-License-Identifier: Apache-2.0
// Parts that families assemble, as shapes (meta tensors) that loading or initialising fills.
#pragma once

#include "models/config_reader.h"
#include "models/part_visitor.h"

#include <string>

#include <ATen/core/Tensor.h>

#include "xlt/nn/attention.h"
#include "xlt/nn/fused_attention.h"
#include "xlt/nn/gated_mlp.h"
#include "xlt/nn/mlp.h"

namespace xlt {

class TokenBatch;

// Throws kCheckpoint where the product of sizes is beyond what a file can hold.
at::Tensor weight_shape(at::IntArrayRef shape);
Linear linear_shape(int64_t out, int64_t in, bool has_bias = false);
// The activation that `key` names: silu, gelu, gelu_new, gelu_pytorch_tanh. Throws kCheckpoint.
ops::Activation read_activation(const ConfigReader& json, const std::string& key, const char* fallback);

struct AttentionParts {
  bool qkv_bias = false, o_bias = false;
  double scale = 0;    // 0: head_dim's −1/2 power
  int64_t window = 0;  // 0: all before a token
  double softcap = 0;  // 0: none
};
Attention make_attention(const ModelConfig& config, const AttentionParts& parts);
FusedAttention make_fused_attention(const ModelConfig& config, const AttentionParts& parts, QkvLayout layout);
GatedMlp make_gated_mlp(int64_t hidden_size, int64_t intermediate_size, ops::Activation activation,
                        bool has_bias = false);
Mlp make_mlp(int64_t hidden_size, int64_t intermediate_size, ops::Activation activation);  // with biases
LayerNorm make_layer_norm(int64_t size, double eps);                                       // with a bias

// Rows of `embed_tokens` for the batch's tokens, in dtype: [N, C]
at::Tensor embed_rows(const at::Tensor& embed_tokens, const TokenBatch& batch, DType dtype);
// Rows of `positions` for where the batch's tokens stand: [N, C]. Throws kUnsupported beyond its last row.
at::Tensor embed_positions(const at::Tensor& positions, const TokenBatch& batch, DType dtype);
// x · factor, the factor rounded to x's dtype before, as transformers' Gemma does (25.25 instead of 25.298 in
// bf16). No copy for 1.
at::Tensor scaled(const at::Tensor& x, double factor);

// `prefix` ends in a dot: "model.layers.0.self_attn."
void visit_attention(PartVisitor& visitor, const std::string& prefix, Attention& attention);
void visit_gated_mlp(PartVisitor& visitor, const std::string& prefix, GatedMlp& mlp);

}  // namespace xlt
