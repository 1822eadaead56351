// SPDX-License-Identifier: Apache-2.0
// Gemma 3 text decoders (Gemma Team 2025): scaled embeddings, norms before and after attention and MLP, query
// and key norms, five sliding-window layers to one full layer with rotation bases of their own, GeGLU.
#include "models/family.h"
#include "models/parts.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/scalar_tensor.h>

#include "xlt/base/json.h"
#include "xlt/nn/token_batch.h"

namespace xlt {

namespace {

struct Gemma3Layer {
  RmsNorm input_layernorm, post_attention_layernorm, pre_feedforward_layernorm, post_feedforward_layernorm;
  Attention self_attn;
  GatedMlp mlp;
};

class Gemma3Decoder : public Decoder {
 public:
  explicit Gemma3Decoder(ModelConfig config) : Decoder(std::move(config)) {
    embed_tokens_ = weight_shape({config_.vocab_size, config_.hidden_size});
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      const int64_t hidden = config_.hidden_size;
      Gemma3Layer layer{
          norm(hidden),           norm(hidden), norm(hidden), norm(hidden), make_attention(config_, i),
          make_gated_mlp(config_)};
      layer.self_attn.q_norm = norm(config_.head_dim);
      layer.self_attn.k_norm = norm(config_.head_dim);
      layers_.push_back(std::move(layer));
    }
    norm_ = norm(config_.hidden_size);
    if (!config_.tie_word_embeddings) lm_head_ = weight_shape({config_.vocab_size, config_.hidden_size});
  }

  at::Tensor forward(const TokenBatch& batch, KvCache* cache, const Rows& rows) override {
    const ForwardPass pass = forward_pass(*this, batch, cache, rows, embed_tokens_.device());
    const at::Device device = embed_tokens_.device();
    const ops::RopeAngles full = angles_of(config_, LayerType::kFullAttention, batch, device);
    const ops::RopeAngles sliding = angles_of(config_, LayerType::kSlidingAttention, batch, device);
    // The factor is rounded to the activations' dtype before the product, as transformers does (25.25 instead
    // of 25.298 in bf16).
    const at::Tensor embedded = embed(embed_tokens_, batch, placement());
    at::Tensor x =
        embedded * at::scalar_tensor(std::sqrt(static_cast<double>(config_.hidden_size)), embedded.options());
    for (int64_t i = 0; i < static_cast<int64_t>(layers_.size()); ++i) {
      const Gemma3Layer& layer = layers_[i];
      const auto& angles = config_.layer_types[i] == LayerType::kFullAttention ? full : sliding;
      const at::Tensor mixed = layer.self_attn.forward(layer.input_layernorm.forward(x), pass, angles, i);
      x = pass.kept(x, i) + layer.post_attention_layernorm.forward(mixed);
      x = x + layer.post_feedforward_layernorm.forward(
                  layer.mlp.forward(layer.pre_feedforward_layernorm.forward(x)));
    }
    return norm_.forward(x);
  }

  const at::Tensor& head_weight() const override {
    return config_.tie_word_embeddings ? embed_tokens_ : lm_head_;
  }
  float initial_norm_weight() const override { return 0; }  // it stands for 1 + weight

 protected:
  void visit(const ParameterVisitor& parameter, const LinearVisitor& linear) override {
    parameter("model.embed_tokens.weight", embed_tokens_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const std::string prefix = str_cat("model.layers.", i, ".");
      Gemma3Layer& layer = layers_[i];
      parameter(prefix + "input_layernorm.weight", layer.input_layernorm.weight);
      visit_attention(layer.self_attn, prefix + "self_attn.", parameter, linear);
      parameter(prefix + "post_attention_layernorm.weight", layer.post_attention_layernorm.weight);
      parameter(prefix + "pre_feedforward_layernorm.weight", layer.pre_feedforward_layernorm.weight);
      visit_gated_mlp(layer.mlp, prefix + "mlp.", linear);
      parameter(prefix + "post_feedforward_layernorm.weight", layer.post_feedforward_layernorm.weight);
    }
    parameter("model.norm.weight", norm_.weight);
    if (!config_.tie_word_embeddings) parameter("lm_head.weight", lm_head_);
  }

 private:
  RmsNorm norm(int64_t size) const {
    return {weight_shape({size}), config_.rms_norm_eps, ops::RmsNormCasting::kOnePlusWeight};
  }

  at::Tensor embed_tokens_, lm_head_;  // [V, C]
  std::vector<Gemma3Layer> layers_;
  RmsNorm norm_;
};

class Gemma3TextFamily : public ModelFamily {
 public:
  ModelConfig parse(const Json& value, const std::string& where) const override {
    ModelConfig config = parse_common_config(value, where);
    const JsonView json(value, where, ErrorKind::kCheckpoint);
    if (!json.has("tie_word_embeddings")) config.tie_word_embeddings = true;
    if (!json.has("hidden_activation")) config.hidden_act = "gelu_pytorch_tanh";
    parse_activation(config.hidden_act, where + ": hidden_activation");
    if (!config.query_pre_attn_scalar) config.query_pre_attn_scalar = 256.0;
    if (config.layer_types.empty()) {
      const int64_t pattern =
          json.get("sliding_window_pattern", json.get("_sliding_window_pattern", int64_t{6}));
      if (pattern < 1) json.fail(str_cat("sliding_window_pattern must be at least 1, is ", pattern));
      for (int64_t i = 0; i < config.num_hidden_layers; ++i)
        config.layer_types.push_back((i + 1) % pattern ? LayerType::kSlidingAttention
                                                       : LayerType::kFullAttention);
    }
    if (json.get("use_bidirectional_attention", false))
      json.fail("use_bidirectional_attention: only causal decoders are supported");
    // The layout before transformers 5 leaves both bases out where they have their usual values.
    if (!json.has("rope_parameters")) {
      if (!json.has("rope_theta")) config.rope_full.rope_theta = 1e6;
      if (!json.has("rope_local_base_freq")) config.rope_sliding = RopeParameters{};
    }
    return config;
  }
  std::unique_ptr<Decoder> make(ModelConfig config) const override {
    return std::make_unique<Gemma3Decoder>(std::move(config));
  }
};

}  // namespace

std::unique_ptr<ModelFamily> make_gemma3_text_family() { return std::make_unique<Gemma3TextFamily>(); }

}  // namespace xlt
