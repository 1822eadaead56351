// SPDX-License-Identifier: Apache-2.0
// Llama 2, 3, 3.1, 3.2 (Touvron et al. 2023; Dubey et al. 2024): RMSNorm before attention and MLP, rotary
// positions (with Llama 3.1's frequency scaling), grouped-query attention, SwiGLU. EuroLLM, Salamandra and
// SmolLM2 are Llamas by their config.json.
#include "models/family.h"
#include "models/llama_decoder.h"
#include "models/pre_norm_decoder.h"

namespace xlt {

namespace {

struct LlamaLayer {
  RmsNorm input_layernorm, post_attention_layernorm;
  Attention self_attn;
  GatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "input_layernorm", input_layernorm);
    visit_attention(visitor, prefix + "self_attn.", self_attn);
    visit_norm(visitor, prefix + "post_attention_layernorm", post_attention_layernorm);
    visit_gated_mlp(visitor, prefix + "mlp.", mlp);
  }
};

RmsNorm norm_of(const LlamaConfig& config, int64_t size) {
  return {weight_shape({size}), config.rms_norm_eps, config.norm_casting};
}

LlamaLayer layer_of(const LlamaConfig& config, int64_t index) {
  LlamaLayer layer;
  layer.input_layernorm = norm_of(config, config.hidden_size);
  layer.post_attention_layernorm = norm_of(config, config.hidden_size);
  layer.self_attn = make_attention(config, {.qkv_bias = config.qkv_bias,
                                            .o_bias = config.o_bias,
                                            .window = config.windows.empty() ? 0 : config.windows[index]});
  if (config.has_qk_norm) {
    layer.self_attn.q_norm = norm_of(config, config.head_dim);
    layer.self_attn.k_norm = norm_of(config, config.head_dim);
  }
  layer.mlp =
      make_gated_mlp(config.hidden_size, config.intermediate_size, config.activation, config.mlp_bias);
  return layer;
}

class LlamaDecoder : public PreNormDecoder<LlamaLayer> {
 public:
  explicit LlamaDecoder(const LlamaConfig& config)
      : PreNormDecoder(config, norm_of(config, config.hidden_size), config.rope),
        embedding_scale_(config.embedding_scale),
        has_rope_(config.has_rope) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers_.push_back(layer_of(config, i));
  }

 protected:
  at::Tensor embedding(const TokenBatch& batch) const override {
    return scaled(PreNormDecoder::embedding(batch), embedding_scale_);
  }
  const RopeParameters& rope_of(int64_t layer) const override {
    return has_rope_.empty() || has_rope_[layer] ? PreNormDecoder::rope_of(layer) : no_rope_;
  }

 private:
  double embedding_scale_;
  std::vector<bool> has_rope_;
  RopeParameters no_rope_;
};

}  // namespace

LlamaConfig read_llama_config(const ConfigReader& json) {
  LlamaConfig config{read_model_config(json)};
  config.intermediate_size = json.size("intermediate_size");
  config.rms_norm_eps = json.not_negative("rms_norm_eps", 1e-6);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.qkv_bias = config.o_bias = json.flag("attention_bias", false);
  config.mlp_bias = json.flag("mlp_bias", false);
  config.rope = read_ropes(json, config, /*theta=*/10000.0).full;
  return config;
}

std::unique_ptr<Decoder> make_llama_decoder(const LlamaConfig& config) {
  return std::make_unique<LlamaDecoder>(config);
}

std::unique_ptr<Decoder> make_llama(const ConfigReader& json) {
  return make_llama_decoder(read_llama_config(json));
}

}  // namespace xlt
