// SPDX-License-Identifier: Apache-2.0
// OLMo 2 (OLMo Team 2024): norms after attention and MLP and none before, and norms over all queries and all
// keys of a token together.
#include "models/family.h"
#include "models/stacked_decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>

namespace xlt {

namespace {

struct Olmo2Config : ModelConfig {
  int64_t intermediate_size = 0;
  double rms_norm_eps = 1e-5;
  ops::Activation activation = ops::Activation::kSilu;
  bool attention_bias = false;
  RopeParameters rope;
};

struct Olmo2Layer {
  Attention self_attn;
  RmsNorm post_attention_layernorm, post_feedforward_layernorm;
  GatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_attention(visitor, prefix + "self_attn.", self_attn);
    visit_norm(visitor, prefix + "post_attention_layernorm", post_attention_layernorm);
    visit_gated_mlp(visitor, prefix + "mlp.", mlp);
    visit_norm(visitor, prefix + "post_feedforward_layernorm", post_feedforward_layernorm);
  }
};

RmsNorm norm_of(const Olmo2Config& config, int64_t size) {
  return {weight_shape({size}), config.rms_norm_eps, ops::RmsNormCasting::kWeight};
}

Olmo2Layer layer_of(const Olmo2Config& config) {
  Olmo2Layer layer;
  layer.self_attn =
      make_attention(config, {.qkv_bias = config.attention_bias, .o_bias = config.attention_bias});
  layer.self_attn.q_norm = norm_of(config, config.num_attention_heads * config.head_dim);
  layer.self_attn.k_norm = norm_of(config, config.num_key_value_heads * config.head_dim);
  layer.post_attention_layernorm = norm_of(config, config.hidden_size);
  layer.post_feedforward_layernorm = norm_of(config, config.hidden_size);
  layer.mlp = make_gated_mlp(config.hidden_size, config.intermediate_size, config.activation);
  return layer;
}

class Olmo2Decoder : public StackedDecoder<Olmo2Layer> {
 public:
  explicit Olmo2Decoder(const Olmo2Config& config)
      : StackedDecoder(config, norm_of(config, config.hidden_size)), rope_(config.rope) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers_.push_back(layer_of(config));
  }

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    return {embed_rows(embed_tokens_, batch, placement().dtype), {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    const Olmo2Layer& layer = layers_[index];
    at::Tensor& x = state.x;
    const at::Tensor mixed = layer.self_attn.forward(x, pass, pass.angles(rope_), index);
    x = pass.kept(x, index) + layer.post_attention_layernorm.forward(mixed);
    x = x + layer.post_feedforward_layernorm.forward(layer.mlp.forward(x, pass.dropout_kept(index)));
    return state;
  }
  at::Tensor final_norm(LayerState state) const override { return norm_.forward(state.x); }

 private:
  RopeParameters rope_;
};

}  // namespace

std::unique_ptr<Decoder> make_olmo2(const ConfigReader& json) {
  Olmo2Config config{read_model_config(json)};
  config.intermediate_size = json.size("intermediate_size");
  config.rms_norm_eps = json.not_negative("rms_norm_eps", 1e-5);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.attention_bias = json.flag("attention_bias", false);
  config.rope = read_ropes(json, config, /*theta=*/10000.0).full;
  return std::make_unique<Olmo2Decoder>(config);
}

}  // namespace xlt
