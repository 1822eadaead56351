// SPDX-License-Identifier: Apache-2.0
// GPT-2 (Radford et al. 2019) and mGPT (Shliazhko et al. 2022): learned positions, layer norms, one matrix
// for queries, keys and values, and matrices that lie [in, out] on disk ("Conv1D").
#include "models/family.h"
#include "models/pre_norm_decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>

namespace xlt {

namespace {

struct Gpt2Config : ModelConfig {
  int64_t n_inner = 0;
  double layer_norm_epsilon = 1e-5;
  ops::Activation activation = ops::Activation::kGeluTanh;
  double scale = 0;                 // of attention's logits; 0: head_dim's −1/2 power
  bool scale_by_layer_idx = false;  // and a layer's divided by its number, from 1
};

struct Gpt2Layer {
  LayerNorm input_layernorm, post_attention_layernorm;  // ln_1, ln_2
  FusedAttention self_attn;
  Mlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "ln_1", input_layernorm);
    visitor.linear(prefix + "attn.c_attn", self_attn.qkv, StoredAs::kInOut);
    visitor.linear(prefix + "attn.c_proj", self_attn.out, StoredAs::kInOut);
    visit_norm(visitor, prefix + "ln_2", post_attention_layernorm);
    visitor.linear(prefix + "mlp.c_fc", mlp.up, StoredAs::kInOut);
    visitor.linear(prefix + "mlp.c_proj", mlp.down, StoredAs::kInOut);
  }
};

LayerNorm norm_of(const Gpt2Config& config) {
  return make_layer_norm(config.hidden_size, config.layer_norm_epsilon);
}

Gpt2Layer layer_of(const Gpt2Config& config, int64_t index) {
  Gpt2Layer layer{norm_of(config), norm_of(config),
                  make_fused_attention(config, {.qkv_bias = true, .o_bias = true, .scale = config.scale},
                                       QkvLayout::kBlocks),
                  make_mlp(config.hidden_size, config.n_inner, config.activation)};
  if (config.scale_by_layer_idx) layer.self_attn.options.scale /= static_cast<double>(index + 1);
  return layer;
}

class Gpt2Decoder : public PreNormDecoder<Gpt2Layer, LayerNorm> {
 public:
  explicit Gpt2Decoder(const Gpt2Config& config)
      : PreNormDecoder(config, norm_of(config), /*rope=*/{},
                       {"transformer.wte.weight", "transformer.h.", "transformer.ln_f", "lm_head.weight"}),
        wpe_(weight_shape({config.max_position_embeddings, config.hidden_size})) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers_.push_back(layer_of(config, i));
  }

 protected:
  at::Tensor embedding(const TokenBatch& batch) const override {
    return PreNormDecoder::embedding(batch) + embed_positions(wpe_, batch, placement().dtype);
  }
  void visit(PartVisitor& visitor) override {
    PreNormDecoder::visit(visitor);
    visitor.tensor("transformer.wpe.weight", wpe_, TensorRole::kEmbedding);
  }

 private:
  at::Tensor wpe_;  // [positions, C]
};

}  // namespace

std::unique_ptr<Decoder> make_gpt2(const ConfigReader& config_json) {
  const ConfigReader json =
      config_json
          .with_aliases({{"hidden_size", "n_embd"},
                         {"num_hidden_layers", "n_layer"},
                         {"num_attention_heads", "n_head"},
                         {"max_position_embeddings", "n_positions"}})
          .with_defaults({{"tie_word_embeddings", true}, {"max_position_embeddings", 1024}});
  Gpt2Config config{read_model_config(json)};
  config.num_key_value_heads = config.num_attention_heads;
  config.tie_word_embeddings = json.flag("tie_word_embeddings", true);
  config.n_inner = json.size("n_inner", 4 * config.hidden_size);
  config.layer_norm_epsilon = json.not_negative("layer_norm_epsilon", 1e-5);
  config.activation = read_activation(json, "activation_function", "gelu_new");
  if (!json.flag("scale_attn_weights", true)) config.scale = 1;
  config.scale_by_layer_idx = json.flag("scale_attn_by_inverse_layer_idx", false);
  if (json.flag("add_cross_attention", false))
    json.fail("add_cross_attention", "only decoders that stand alone are supported");
  return std::make_unique<Gpt2Decoder>(config);
}

}  // namespace xlt
