// SPDX-License-Identifier: Apache-2.0
// Llama 2, 3, 3.1, 3.2 (Touvron et al. 2023; Dubey et al. 2024): RMSNorm before attention and MLP, rotary
// positions (with Llama 3.1's frequency scaling), grouped-query attention, SwiGLU.
#include "models/family.h"
#include "models/llama_decoder.h"
#include "models/parts.h"

#include <tuple>

#include "xlt/base/json.h"
#include "xlt/nn/token_batch.h"

namespace xlt {

namespace {

struct LlamaLayer {
  RmsNorm input_layernorm, post_attention_layernorm;
  Attention self_attn;
  GatedMlp mlp;
};

class LlamaDecoder : public Decoder {
 public:
  explicit LlamaDecoder(ModelConfig config) : Decoder(std::move(config)) {
    const int64_t hidden = config_.hidden_size;
    const auto norm = [&] {
      return RmsNorm{weight_shape({hidden}), config_.rms_norm_eps, ops::RmsNormCasting::kWeight};
    };
    embed_tokens_ = weight_shape({config_.vocab_size, hidden});
    for (int64_t layer = 0; layer < config_.num_hidden_layers; ++layer)
      layers_.push_back({norm(), norm(), make_attention(config_, layer), make_gated_mlp(config_)});
    norm_ = norm();
    if (!config_.tie_word_embeddings) lm_head_ = weight_shape({config_.vocab_size, hidden});
  }

  at::Tensor forward(const TokenBatch& batch, KvCache* cache, const Rows& rows) override {
    const ForwardPass pass = forward_pass(*this, batch, cache, rows, embed_tokens_.device());
    const ops::RopeAngles angles =
        angles_of(config_, LayerType::kFullAttention, batch, embed_tokens_.device());
    at::Tensor x = embed(embed_tokens_, batch, placement());  // [N, C]
    at::Tensor normed = norm_before(0).forward(x);
    for (int64_t i = 0; i < static_cast<int64_t>(layers_.size()); ++i) {
      const LlamaLayer& layer = layers_[i];
      const at::Tensor mixed = layer.self_attn.forward(normed, pass, angles, i);
      std::tie(x, normed) = layer.post_attention_layernorm.forward(mixed, pass.kept(x, i));
      std::tie(x, normed) = norm_before(i + 1).forward(layer.mlp.forward(normed), x);
    }
    return normed;
  }

  const at::Tensor& head_weight() const override {
    return config_.tie_word_embeddings ? embed_tokens_ : lm_head_;
  }

 protected:
  void visit(const ParameterVisitor& parameter, const LinearVisitor& linear) override {
    parameter("model.embed_tokens.weight", embed_tokens_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const std::string prefix = str_cat("model.layers.", i, ".");
      LlamaLayer& layer = layers_[i];
      parameter(prefix + "input_layernorm.weight", layer.input_layernorm.weight);
      visit_attention(layer.self_attn, prefix + "self_attn.", parameter, linear);
      parameter(prefix + "post_attention_layernorm.weight", layer.post_attention_layernorm.weight);
      visit_gated_mlp(layer.mlp, prefix + "mlp.", linear);
    }
    parameter("model.norm.weight", norm_.weight);
    if (!config_.tie_word_embeddings) parameter("lm_head.weight", lm_head_);
  }

 private:
  // The norm of what a layer is given, and after the last one, of what the head is given.
  const RmsNorm& norm_before(int64_t layer) const {
    return layer < static_cast<int64_t>(layers_.size()) ? layers_[layer].input_layernorm : norm_;
  }

  at::Tensor embed_tokens_, lm_head_;  // [V, C]
  std::vector<LlamaLayer> layers_;
  RmsNorm norm_;
};

class LlamaFamily : public ModelFamily {
 public:
  ModelConfig parse(const Json& json, const std::string& where) const override {
    ModelConfig config = parse_common_config(json, where);
    parse_activation(config.hidden_act, where + ": hidden_act");
    config.sliding_window = 0;
    config.layer_types.clear();
    return config;
  }
  std::unique_ptr<Decoder> make(ModelConfig config) const override {
    return make_llama_decoder(std::move(config));
  }
};

}  // namespace

std::unique_ptr<Decoder> make_llama_decoder(ModelConfig config) {
  return std::make_unique<LlamaDecoder>(std::move(config));
}
std::unique_ptr<ModelFamily> make_llama_family() { return std::make_unique<LlamaFamily>(); }

}  // namespace xlt
