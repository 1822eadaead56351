// SPDX-License-Identifier: Apache-2.0
#include "models/parts.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

at::Tensor weight_shape(at::IntArrayRef shape) {
  return at::empty(shape, at::TensorOptions().dtype(at::kFloat).device(at::kMeta));
}

Linear linear_shape(int64_t out, int64_t in, bool has_bias) {
  return Linear(weight_shape({out, in}), has_bias ? weight_shape({out}) : at::Tensor());
}

ops::Activation parse_activation(const std::string& name, const std::string& where) {
  if (name == "silu") return ops::Activation::kSilu;
  if (name == "gelu_pytorch_tanh") return ops::Activation::kGeluTanh;
  throw Error(ErrorKind::kCheckpoint,
              str_cat("activation \"", name, "\" is not supported; supported: silu, gelu_pytorch_tanh"),
              where);
}

Attention make_attention(const ModelConfig& config, int64_t layer) {
  const int64_t hidden = config.hidden_size, heads = config.num_attention_heads * config.head_dim;
  const int64_t key_heads = config.num_key_value_heads * config.head_dim;
  Attention attention;
  attention.q_proj = linear_shape(heads, hidden, config.attention_bias);
  attention.k_proj = linear_shape(key_heads, hidden, config.attention_bias);
  attention.v_proj = linear_shape(key_heads, hidden, config.attention_bias);
  attention.o_proj = linear_shape(hidden, heads, config.attention_bias);
  attention.num_attention_heads = config.num_attention_heads;
  attention.num_key_value_heads = config.num_key_value_heads;
  attention.head_dim = config.head_dim;
  attention.options = {.scale = config.attention_scale(),
                       .window = config.window_of(layer),
                       .softcap = config.attn_logit_softcapping.value_or(0.0)};
  return attention;
}

GatedMlp make_gated_mlp(const ModelConfig& config) {
  GatedMlp mlp;
  mlp.gate_proj = linear_shape(config.intermediate_size, config.hidden_size, config.mlp_bias);
  mlp.up_proj = linear_shape(config.intermediate_size, config.hidden_size, config.mlp_bias);
  mlp.down_proj = linear_shape(config.hidden_size, config.intermediate_size, config.mlp_bias);
  mlp.activation = parse_activation(config.hidden_act, "config.json: hidden_act");
  return mlp;
}

at::Tensor embed(const at::Tensor& embed_tokens, const TokenBatch& batch, const Placement& where) {
  const at::Tensor ids =
      at::tensor(at::ArrayRef<int64_t>(batch.input_ids()), at::kLong).to(embed_tokens.device());
  return at::index_select(embed_tokens, 0, ids).to(scalar_type(where.dtype));
}

ForwardPass forward_pass(const Decoder& decoder, const TokenBatch& batch, KvCache* cache,
                         const Decoder::Rows& rows, at::Device device) {
  ForwardPass pass{batch.attention_plan(), cache, {}, {}, decoder.config().num_hidden_layers - 1};
  decoder.check_tokens(batch.input_ids());
  if (rows) {
    for (const int64_t row : *rows)
      XLT_CHECK(row >= 0 && row < batch.num_tokens(), "row ", row, " of ", batch.num_tokens());
    pass.rows = at::tensor(at::ArrayRef<int64_t>(*rows), at::kLong).to(device);
  }
  if (cache == nullptr) return pass;
  const std::vector<int64_t> slots = batch.cache_slots();
  for (const int64_t slot : slots)
    XLT_CHECK(slot < cache->capacity(), "cache slot ", slot, " of ", cache->capacity());
  pass.slots = at::tensor(at::ArrayRef<int64_t>(slots), at::kLong).to(device);
  return pass;
}

ops::RopeAngles angles_of(const ModelConfig& config, LayerType type, const TokenBatch& batch,
                          at::Device device) {
  const std::vector<float> inverse = config.inverse_frequencies(type);
  return ops::rope_angles(at::tensor(at::ArrayRef<int64_t>(batch.position_ids()), at::kLong).to(device),
                          at::tensor(at::ArrayRef<float>(inverse), at::kFloat).to(device));
}

void visit_attention(Attention& attention, const std::string& prefix, const ParameterVisitor& parameter,
                     const LinearVisitor& linear) {
  linear(prefix + "q_proj", attention.q_proj);
  linear(prefix + "k_proj", attention.k_proj);
  linear(prefix + "v_proj", attention.v_proj);
  linear(prefix + "o_proj", attention.o_proj);
  if (attention.q_norm) parameter(prefix + "q_norm.weight", attention.q_norm->weight);
  if (attention.k_norm) parameter(prefix + "k_norm.weight", attention.k_norm->weight);
}

void visit_gated_mlp(GatedMlp& mlp, const std::string& prefix, const LinearVisitor& linear) {
  linear(prefix + "gate_proj", mlp.gate_proj);
  linear(prefix + "up_proj", mlp.up_proj);
  linear(prefix + "down_proj", mlp.down_proj);
}

}  // namespace xlt
