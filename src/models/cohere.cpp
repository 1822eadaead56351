// SPDX-License-Identifier: Apache-2.0
// Cohere's Command R and Aya 23, Aya Expanse (Aryabumi et al. 2024): attention and MLP side by side on one
// layer norm without bias, rotary positions that turn neighbours in pairs, logits scaled down.
#include "models/cohere_decoder.h"
#include "models/family.h"
#include "models/stacked_decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/ones.h>

namespace xlt {

namespace {

// A layer norm of every head, with a weight of its own: [H, D], in float32 and rounded once.
struct HeadNorm {
  at::Tensor weight;
  double eps = 1e-5;
  at::Tensor forward(const at::Tensor& heads) const {
    const at::Tensor x = heads.to(at::kFloat), ones = at::ones({x.size(2)}, x.options());
    return (ops::layer_norm(x, ones, {}, eps) * weight.to(at::kFloat)).to(heads.scalar_type());
  }
};

struct CohereAttention : Attention {
  std::optional<HeadNorm> q_head_norm, k_head_norm;
  at::Tensor forward(const at::Tensor& x, const ForwardPass& pass, const ops::RopeAngles& angles,
                     int64_t layer) const {
    Heads heads = project(x, pass);
    if (q_head_norm) heads.q = q_head_norm->forward(heads.q);
    if (k_head_norm) heads.k = k_head_norm->forward(heads.k);
    heads.q = turned(heads.q, angles, ops::RopeLayout::kInterleaved);
    heads.k = turned(heads.k, angles, ops::RopeLayout::kInterleaved);
    return o_proj.forward(attend(heads, pass, options, layer), pass.dropout_kept(layer));
  }
};

struct CohereLayer {
  LayerNorm input_layernorm;
  CohereAttention self_attn;
  GatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "input_layernorm", input_layernorm);
    visit_attention(visitor, prefix + "self_attn.", self_attn);
    if (self_attn.q_head_norm) {
      visitor.tensor(prefix + "self_attn.q_norm.weight", self_attn.q_head_norm->weight, TensorRole::kNorm);
      visitor.tensor(prefix + "self_attn.k_norm.weight", self_attn.k_head_norm->weight, TensorRole::kNorm);
    }
    visit_gated_mlp(visitor, prefix + "mlp.", mlp);
  }
};

LayerNorm norm_of(const CohereConfig& config) {
  return {.weight = weight_shape({config.hidden_size}), .bias = {}, .eps = config.layer_norm_eps};
}

bool has_window(const CohereConfig& config, int64_t layer) {
  return !config.layer_types.empty() && config.layer_types[layer] == LayerType::kSlidingAttention;
}

CohereAttention attention_of(const CohereConfig& config, int64_t layer) {
  CohereAttention attention{
      make_attention(config, {.qkv_bias = config.attention_bias,
                              .o_bias = config.attention_bias,
                              .window = has_window(config, layer) ? config.sliding_window : 0}),
      {},
      {}};
  if (!config.has_qk_norm) return attention;
  const auto norm = [&](int64_t heads) {
    return HeadNorm{weight_shape({heads, config.head_dim}), config.layer_norm_eps};
  };
  attention.q_head_norm = norm(config.num_attention_heads);
  attention.k_head_norm = norm(config.num_key_value_heads);
  return attention;
}

class CohereDecoder : public StackedDecoder<CohereLayer, LayerNorm> {
 public:
  explicit CohereDecoder(const CohereConfig& config)
      : StackedDecoder(config, norm_of(config)), rope_(config.rope) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
      layers_.push_back({norm_of(config), attention_of(config, i),
                         make_gated_mlp(config.hidden_size, config.intermediate_size, config.activation)});
      has_rope_.push_back(config.layer_types.empty() || has_window(config, i));
    }
  }

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    return {embed_rows(embed_tokens_, batch, placement().dtype), {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    const CohereLayer& layer = layers_[index];
    const at::Tensor normed = layer.input_layernorm.forward(state.x);
    const ops::RopeAngles& angles = pass.angles(has_rope_[index] ? rope_ : no_rope_);
    const at::Tensor mixed = layer.self_attn.forward(normed, pass, angles, index);
    state.x = pass.kept(state.x, index) + mixed +
              layer.mlp.forward(pass.kept(normed, index), pass.dropout_kept(index));
    return state;
  }
  at::Tensor final_norm(LayerState state) const override { return norm_.forward(state.x); }

 private:
  std::vector<bool> has_rope_;  // [L]
  RopeParameters rope_, no_rope_;
};

}  // namespace

CohereConfig read_cohere_config(const ConfigReader& json) {
  CohereConfig config{read_model_config(json.with_defaults({{"max_position_embeddings", 8192}}))};
  config.tie_word_embeddings = json.flag("tie_word_embeddings", true);
  config.logit_scale = json.positive("logit_scale", 0.0625);
  config.intermediate_size = json.size("intermediate_size");
  config.layer_norm_eps = json.not_negative("layer_norm_eps", 1e-5);
  config.attention_bias = json.flag("attention_bias", false);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.rope = read_ropes(json, config, /*theta=*/10000.0).full;
  return config;
}

std::unique_ptr<Decoder> make_cohere_decoder(const CohereConfig& config) {
  return std::make_unique<CohereDecoder>(config);
}

std::unique_ptr<Decoder> make_cohere(const ConfigReader& json) {
  CohereConfig config = read_cohere_config(json);
  config.has_qk_norm = json.flag("use_qk_norm", false);  // Command R+, Aya Expanse 32B
  return make_cohere_decoder(config);
}

}  // namespace xlt
