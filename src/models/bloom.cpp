// SPDX-License-Identifier: Apache-2.0
// BLOOM (BigScience Workshop 2022): no position embeddings, instead attention that fades with distance
// (ALiBi, Press et al. 2022), a norm after the embeddings, queries, keys and values of a head side by side in
// one matrix.
#include "models/family.h"
#include "models/pre_norm_decoder.h"

namespace xlt {

namespace {

struct BloomConfig : ModelConfig {
  double layer_norm_epsilon = 1e-5;
};

struct AlibiAttention : FusedAttention {
  at::Tensor forward(const at::Tensor& x, LayerPass& pass, const ops::RopeAngles&, int64_t layer) const {
    ops::AttentionOptions biased = options;
    biased.bias.slopes = pass.alibi_slopes(num_attention_heads);
    return out.forward(attend(project(x, pass), pass, biased, layer), pass.dropout_kept(layer));
  }
};

struct BloomLayer {
  LayerNorm input_layernorm, post_attention_layernorm;
  AlibiAttention self_attn;
  Mlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "input_layernorm", input_layernorm);
    visitor.linear(prefix + "self_attention.query_key_value", self_attn.qkv);
    visitor.linear(prefix + "self_attention.dense", self_attn.out);
    visit_norm(visitor, prefix + "post_attention_layernorm", post_attention_layernorm);
    visitor.linear(prefix + "mlp.dense_h_to_4h", mlp.up);
    visitor.linear(prefix + "mlp.dense_4h_to_h", mlp.down);
  }
};

LayerNorm norm_of(const BloomConfig& config) {
  return make_layer_norm(config.hidden_size, config.layer_norm_epsilon);
}

class BloomDecoder : public PreNormDecoder<BloomLayer, LayerNorm> {
 public:
  explicit BloomDecoder(const BloomConfig& config)
      : PreNormDecoder(
            config, norm_of(config), /*rope=*/{},
            {"transformer.word_embeddings.weight", "transformer.h.", "transformer.ln_f", "lm_head.weight"}),
        word_embeddings_layernorm_(norm_of(config)) {
    const AttentionParts parts{.qkv_bias = true, .o_bias = true};
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers_.push_back({norm_of(config), norm_of(config),
                         AlibiAttention{make_fused_attention(config, parts, QkvLayout::kByHead)},
                         make_mlp(config.hidden_size, 4 * config.hidden_size, ops::Activation::kGeluTanh)});
  }

 protected:
  at::Tensor embedding(const TokenBatch& batch) const override {
    return word_embeddings_layernorm_.forward(PreNormDecoder::embedding(batch));
  }
  void visit(PartVisitor& visitor) override {
    PreNormDecoder::visit(visitor);
    visit_norm(visitor, "transformer.word_embeddings_layernorm", word_embeddings_layernorm_);
  }

 private:
  LayerNorm word_embeddings_layernorm_;
};

}  // namespace

std::unique_ptr<Decoder> make_bloom(const ConfigReader& config_json) {
  // `seq_length` is the length it was trained on; the older layout says n_embed.
  const ConfigReader json = config_json
                                .with_aliases({{"hidden_size", "n_embed"},
                                               {"num_hidden_layers", "n_layer"},
                                               {"num_attention_heads", "n_head"},
                                               {"max_position_embeddings", "seq_length"}})
                                .with_defaults({{"max_position_embeddings", 2048}});
  BloomConfig config{read_model_config(json)};
  config.num_key_value_heads = config.num_attention_heads;
  config.tie_word_embeddings = json.flag("tie_word_embeddings", true);
  config.layer_norm_epsilon = json.not_negative("layer_norm_epsilon", 1e-5);
  if (json.flag("apply_residual_connection_post_layernorm", false))
    json.fail("apply_residual_connection_post_layernorm",
              "no published model has it, and it is not supported");
  return std::make_unique<BloomDecoder>(config);
}

}  // namespace xlt
