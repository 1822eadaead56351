// SPDX-License-Identifier: Apache-2.0
// Cohere's Command R and Aya 23, Aya Expanse 8B (Aryabumi et al. 2024): attention and MLP side by side on one
// layer norm without bias, rotary positions that turn neighbours in pairs, logits scaled down.
#include "models/family.h"
#include "models/stacked_decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>

namespace xlt {

namespace {

struct CohereConfig : ModelConfig {
  int64_t intermediate_size = 0;
  double layer_norm_eps = 1e-5;
  bool attention_bias = false;
  ops::Activation activation = ops::Activation::kSilu;
  RopeParameters rope;
};

struct CohereLayer {
  LayerNorm input_layernorm;
  Attention self_attn;
  GatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "input_layernorm", input_layernorm);
    visit_attention(visitor, prefix + "self_attn.", self_attn);
    visit_gated_mlp(visitor, prefix + "mlp.", mlp);
  }
};

LayerNorm norm_of(const CohereConfig& config) {
  return {.weight = weight_shape({config.hidden_size}), .bias = {}, .eps = config.layer_norm_eps};
}

class CohereDecoder : public StackedDecoder<CohereLayer, LayerNorm> {
 public:
  explicit CohereDecoder(const CohereConfig& config)
      : StackedDecoder(config, norm_of(config)), rope_(config.rope) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
      CohereLayer layer{
          norm_of(config),
          make_attention(config, {.qkv_bias = config.attention_bias, .o_bias = config.attention_bias}),
          make_gated_mlp(config.hidden_size, config.intermediate_size, config.activation)};
      layer.self_attn.rope_layout = ops::RopeLayout::kInterleaved;
      layers_.push_back(std::move(layer));
    }
  }

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    return {embed_rows(embed_tokens_, batch, placement().dtype), {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    const CohereLayer& layer = layers_[index];
    const at::Tensor normed = layer.input_layernorm.forward(state.x);
    const at::Tensor mixed = layer.self_attn.forward(normed, pass, pass.angles(rope_), index);
    state.x = pass.kept(state.x, index) + mixed +
              layer.mlp.forward(pass.kept(normed, index), pass.dropout_kept(index));
    return state;
  }
  at::Tensor final_norm(LayerState state) const override { return norm_.forward(state.x); }

 private:
  RopeParameters rope_;
};

}  // namespace

std::unique_ptr<Decoder> make_cohere(const ConfigReader& json) {
  CohereConfig config{read_model_config(json)};
  config.max_position_embeddings = json.size("max_position_embeddings", 8192);
  config.tie_word_embeddings = json.flag("tie_word_embeddings", true);
  config.logit_scale = json.positive("logit_scale", 0.0625);
  config.intermediate_size = json.size("intermediate_size");
  config.layer_norm_eps = json.not_negative("layer_norm_eps", 1e-5);
  config.attention_bias = json.flag("attention_bias", false);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.rope = read_ropes(json, config.head_dim, /*theta=*/10000.0).full;
  if (json.flag("use_qk_norm", false))
    json.fail("use_qk_norm", "norms on queries and keys (Command R+) are not supported in this version");
  return std::make_unique<CohereDecoder>(config);
}

}  // namespace xlt
