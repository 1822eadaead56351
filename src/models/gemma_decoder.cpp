// SPDX-License-Identifier: Apache-2.0
// Scaled embeddings, norms before and after attention and MLP, layers with a window and layers without,
// GeGLU.
#include "models/gemma_decoder.h"

#include "models/stacked_decoder.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>

namespace xlt {

namespace {

struct GemmaLayer {
  RmsNorm input_layernorm, post_attention_layernorm, pre_feedforward_layernorm, post_feedforward_layernorm;
  Attention self_attn;
  GatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "input_layernorm", input_layernorm);
    visit_attention(visitor, prefix + "self_attn.", self_attn);
    visit_norm(visitor, prefix + "post_attention_layernorm", post_attention_layernorm);
    visit_norm(visitor, prefix + "pre_feedforward_layernorm", pre_feedforward_layernorm);
    visit_gated_mlp(visitor, prefix + "mlp.", mlp);
    visit_norm(visitor, prefix + "post_feedforward_layernorm", post_feedforward_layernorm);
  }
};

RmsNorm norm_of(const GemmaConfig& config, int64_t size) {
  return {weight_shape({size}), config.rms_norm_eps, ops::RmsNormCasting::kOnePlusWeight};
}

GemmaLayer layer_of(const GemmaConfig& config, int64_t index) {
  GemmaLayer layer;
  for (RmsNorm* norm : {&layer.input_layernorm, &layer.post_attention_layernorm,
                        &layer.pre_feedforward_layernorm, &layer.post_feedforward_layernorm})
    *norm = norm_of(config, config.hidden_size);
  const bool slides = config.layer_types[index] == LayerType::kSlidingAttention;
  layer.self_attn = make_attention(config, {.qkv_bias = config.attention_bias,
                                            .o_bias = config.attention_bias,
                                            .scale = 1.0 / std::sqrt(config.query_pre_attn_scalar),
                                            .window = slides ? config.sliding_window : 0,
                                            .softcap = config.attn_logit_softcapping});
  if (config.has_qk_norm) {
    layer.self_attn.q_norm = norm_of(config, config.head_dim);
    layer.self_attn.k_norm = norm_of(config, config.head_dim);
  }
  layer.mlp = make_gated_mlp(config.hidden_size, config.intermediate_size, config.activation);
  return layer;
}

class GemmaDecoder : public StackedDecoder<GemmaLayer> {
 public:
  explicit GemmaDecoder(const GemmaConfig& config)
      : StackedDecoder(config, norm_of(config, config.hidden_size),
                       {config.base_name + "embed_tokens.weight", config.base_name + "layers.",
                        config.base_name + "norm", "lm_head.weight"}),
        layer_types_(config.layer_types),
        ropes_(config.ropes) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers_.push_back(layer_of(config, i));
  }

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    const double factor = std::sqrt(static_cast<double>(config_.hidden_size));
    return {scaled(embed_rows(embed_tokens_, batch, placement().dtype), factor), {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    const GemmaLayer& layer = layers_[index];
    at::Tensor& x = state.x;
    const bool slides = layer_types_[index] == LayerType::kSlidingAttention;
    const ops::RopeAngles& angles = pass.angles(slides ? ropes_.sliding : ropes_.full);
    const at::Tensor mixed = layer.self_attn.forward(layer.input_layernorm.forward(x), pass, angles, index);
    x = pass.kept(x, index) + layer.post_attention_layernorm.forward(mixed);
    const at::Tensor normed = layer.pre_feedforward_layernorm.forward(x);
    x = x + layer.post_feedforward_layernorm.forward(layer.mlp.forward(normed, pass.dropout_kept(index)));
    return state;
  }
  at::Tensor final_norm(LayerState state) const override { return norm_.forward(state.x); }

 private:
  std::vector<LayerType> layer_types_;  // [L]
  LayerRopes ropes_;
};

}  // namespace

GemmaConfig read_gemma_config(const ConfigReader& json, int64_t pattern) {
  GemmaConfig config{read_model_config(json)};
  config.tie_word_embeddings = json.flag("tie_word_embeddings", true);
  config.intermediate_size = json.size("intermediate_size");
  config.rms_norm_eps = json.not_negative("rms_norm_eps", 1e-6);
  config.activation = read_activation(json, "hidden_activation", "gelu_pytorch_tanh");
  config.attention_bias = json.flag("attention_bias", false);
  config.query_pre_attn_scalar = json.positive("query_pre_attn_scalar", 256.0);
  config.attn_logit_softcapping = json.not_negative("attn_logit_softcapping", 0);
  config.final_logit_softcapping = json.not_negative("final_logit_softcapping", 0);
  config.sliding_window = json.size_or_none("sliding_window", 4096);
  config.layer_types = read_layer_types(json, config.num_hidden_layers);
  if (config.layer_types.empty())
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      config.layer_types.push_back((i + 1) % pattern ? LayerType::kSlidingAttention
                                                     : LayerType::kFullAttention);
  if (json.flag("use_bidirectional_attention", false))
    json.fail("use_bidirectional_attention", "only causal decoders are supported");
  return config;
}

std::unique_ptr<Decoder> make_gemma_decoder(const GemmaConfig& config) {
  return std::make_unique<GemmaDecoder>(config);
}

}  // namespace xlt
