// SPDX-License-Identifier: Apache-2.0
#include "models/parts.h"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/scalar_tensor.h>

#include "xlt/base/error.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/scalar_type.h"
#include "xlt/ops/to_device.h"

namespace xlt {

at::Tensor weight_shape(at::IntArrayRef shape) {
  constexpr int64_t kMostElements = int64_t{1} << 48;
  int64_t elements = 1;
  for (const int64_t size : shape) {
    if (size > kMostElements / elements)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("asks for a tensor of shape ", shape, ", too large to be true"), "config.json");
    elements *= size;
  }
  return at::empty(shape, at::TensorOptions().dtype(at::kFloat).device(at::kMeta));
}

Linear linear_shape(int64_t out, int64_t in, bool has_bias) {
  return Linear(weight_shape({out, in}), has_bias ? weight_shape({out}) : at::Tensor());
}

ops::Activation read_activation(const ConfigReader& json, const std::string& key, const char* fallback) {
  const std::string name = json.text(key, fallback);
  if (name == "silu") return ops::Activation::kSilu;
  if (name == "gelu") return ops::Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return ops::Activation::kGeluTanh;
  json.fail(key, str_cat("activation \"", name,
                         "\" is not supported; supported: silu, gelu, gelu_new, gelu_pytorch_tanh"));
}

namespace {

ops::AttentionOptions options_of(const ModelConfig& config, const AttentionParts& parts) {
  const double scale = parts.scale > 0 ? parts.scale : 1.0 / std::sqrt(static_cast<double>(config.head_dim));
  return {.scale = scale, .window = parts.window, .softcap = parts.softcap};
}

at::Tensor look_up(const at::Tensor& table, const std::vector<int64_t>& rows, DType dtype) {
  const at::Tensor index = ops::to_device(rows, table.device());
  return ops::values_of(at::index_select(table, 0, index), scalar_type(dtype));
}

}  // namespace

Attention make_attention(const ModelConfig& config, const AttentionParts& parts) {
  const int64_t hidden = config.hidden_size, heads = config.num_attention_heads * config.head_dim;
  const int64_t key_heads = config.num_key_value_heads * config.head_dim;
  Attention attention;
  attention.q_proj = linear_shape(heads, hidden, parts.qkv_bias);
  attention.k_proj = linear_shape(key_heads, hidden, parts.qkv_bias);
  attention.v_proj = linear_shape(key_heads, hidden, parts.qkv_bias);
  attention.o_proj = linear_shape(hidden, heads, parts.o_bias);
  attention.num_attention_heads = config.num_attention_heads;
  attention.num_key_value_heads = config.num_key_value_heads;
  attention.head_dim = config.head_dim;
  attention.options = options_of(config, parts);
  return attention;
}

FusedAttention make_fused_attention(const ModelConfig& config, const AttentionParts& parts,
                                    QkvLayout layout) {
  const int64_t hidden = config.hidden_size, heads = config.num_attention_heads * config.head_dim;
  const int64_t key_heads = config.num_key_value_heads * config.head_dim;
  return {.qkv = linear_shape(heads + 2 * key_heads, hidden, parts.qkv_bias),
          .out = linear_shape(hidden, heads, parts.o_bias),
          .num_attention_heads = config.num_attention_heads,
          .num_key_value_heads = config.num_key_value_heads,
          .head_dim = config.head_dim,
          .layout = layout,
          .options = options_of(config, parts)};
}

GatedMlp make_gated_mlp(int64_t hidden_size, int64_t intermediate_size, ops::Activation activation,
                        bool has_bias) {
  GatedMlp mlp;
  mlp.gate_proj = linear_shape(intermediate_size, hidden_size, has_bias);
  mlp.up_proj = linear_shape(intermediate_size, hidden_size, has_bias);
  mlp.down_proj = linear_shape(hidden_size, intermediate_size, has_bias);
  mlp.activation = activation;
  return mlp;
}

Mlp make_mlp(int64_t hidden_size, int64_t intermediate_size, ops::Activation activation) {
  return {.up = linear_shape(intermediate_size, hidden_size, /*has_bias=*/true),
          .down = linear_shape(hidden_size, intermediate_size, /*has_bias=*/true),
          .activation = activation};
}

LayerNorm make_layer_norm(int64_t size, double eps) {
  return {.weight = weight_shape({size}), .bias = weight_shape({size}), .eps = eps};
}

at::Tensor embed_rows(const at::Tensor& embed_tokens, const TokenBatch& batch, DType dtype) {
  return look_up(embed_tokens, batch.input_ids(), dtype);
}

at::Tensor embed_positions(const at::Tensor& positions, const TokenBatch& batch, DType dtype) {
  const std::vector<int64_t>& ids = batch.position_ids();
  const int64_t last = ids.empty() ? -1 : *std::max_element(ids.begin(), ids.end());
  if (last >= positions.size(0))
    throw Error(ErrorKind::kUnsupported, str_cat("a text of ", last + 1, " tokens or more; the model has ",
                                                 positions.size(0), " positions: shorten it"));
  return look_up(positions, ids, dtype);
}

at::Tensor scaled(const at::Tensor& x, double factor) {
  return factor == 1 ? x : x * at::scalar_tensor(factor, x.options());
}

void visit_attention(PartVisitor& visitor, const std::string& prefix, Attention& attention) {
  visitor.linear(prefix + "q_proj", attention.q_proj);
  visitor.linear(prefix + "k_proj", attention.k_proj);
  visitor.linear(prefix + "v_proj", attention.v_proj);
  visitor.linear(prefix + "o_proj", attention.o_proj);
  if (attention.q_norm) visit_norm(visitor, prefix + "q_norm", *attention.q_norm);
  if (attention.k_norm) visit_norm(visitor, prefix + "k_norm", *attention.k_norm);
}

void visit_gated_mlp(PartVisitor& visitor, const std::string& prefix, GatedMlp& mlp) {
  visitor.linear(prefix + "gate_proj", mlp.gate_proj);
  visitor.linear(prefix + "up_proj", mlp.up_proj);
  visitor.linear(prefix + "down_proj", mlp.down_proj);
}

}  // namespace xlt
