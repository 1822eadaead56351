// SPDX-License-Identifier: Apache-2.0
// Phi-3, 3.5 and 4 (Abdin et al. 2024): Llama's decoder with one matrix for queries, keys and values and one
// for gate and up. A stretched one ("longrope") is run within the length that it was first trained on.
#include "models/family.h"
#include "models/pre_norm_decoder.h"

#include <algorithm>

namespace xlt {

namespace {

struct Phi3Config : ModelConfig {
  int64_t intermediate_size = 0, sliding_window = 0;
  double rms_norm_eps = 1e-5;
  ops::Activation activation = ops::Activation::kSilu;
  RopeParameters rope;
};

struct Phi3Layer {
  RmsNorm input_layernorm, post_attention_layernorm;
  FusedAttention self_attn;
  FusedGatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "input_layernorm", input_layernorm);
    visitor.linear(prefix + "self_attn.qkv_proj", self_attn.qkv);
    visitor.linear(prefix + "self_attn.o_proj", self_attn.out);
    visit_norm(visitor, prefix + "post_attention_layernorm", post_attention_layernorm);
    visitor.linear(prefix + "mlp.gate_up_proj", mlp.gate_up_proj);
    visitor.linear(prefix + "mlp.down_proj", mlp.down_proj);
  }
};

RmsNorm norm_of(const Phi3Config& config) {
  return {weight_shape({config.hidden_size}), config.rms_norm_eps, ops::RmsNormCasting::kWeight};
}

class Phi3Decoder : public PreNormDecoder<Phi3Layer> {
 public:
  explicit Phi3Decoder(const Phi3Config& config) : PreNormDecoder(config, norm_of(config), config.rope) {
    const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers_.push_back({norm_of(config),
                         norm_of(config),
                         make_fused_attention(config, {.window = config.sliding_window}, QkvLayout::kBlocks),
                         {linear_shape(2 * inner, hidden), linear_shape(hidden, inner), config.activation}});
  }
};

}  // namespace

std::unique_ptr<Decoder> make_phi3(const ConfigReader& config_json) {
  const ConfigReader json = config_json.with_defaults({{"max_position_embeddings", 4096}});
  Phi3Config config{read_model_config(json)};
  config.intermediate_size = json.size("intermediate_size");
  config.sliding_window = json.size_or_none("sliding_window", 0);
  config.rms_norm_eps = json.not_negative("rms_norm_eps", 1e-5);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.rope = read_ropes(json, config, /*theta=*/10000.0).full;
  return std::make_unique<Phi3Decoder>(config);
}

}  // namespace xlt
