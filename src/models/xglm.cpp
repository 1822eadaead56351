// SPDX-License-Identifier: Apache-2.0
// XGLM (Lin et al. 2022): sinusoidal positions that begin with the third, embeddings scaled by √hidden,
// layer norms, biases everywhere.
#include "models/family.h"
#include "models/pre_norm_decoder.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/tensor.h>

#include "xlt/nn/token_batch.h"

namespace xlt {

namespace {

struct XglmConfig : ModelConfig {
  int64_t intermediate_size = 0;
  ops::Activation activation = ops::Activation::kGelu;
  double embedding_scale = 1;
  int64_t pad_token_id = 1;
};

struct XglmLayer {
  LayerNorm input_layernorm, post_attention_layernorm;  // self_attn_layer_norm, final_layer_norm
  Attention self_attn;
  Mlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visitor.linear(prefix + "self_attn.k_proj", self_attn.k_proj);
    visitor.linear(prefix + "self_attn.v_proj", self_attn.v_proj);
    visitor.linear(prefix + "self_attn.q_proj", self_attn.q_proj);
    visitor.linear(prefix + "self_attn.out_proj", self_attn.o_proj);
    visit_norm(visitor, prefix + "self_attn_layer_norm", input_layernorm);
    visitor.linear(prefix + "fc1", mlp.up);
    visitor.linear(prefix + "fc2", mlp.down);
    visit_norm(visitor, prefix + "final_layer_norm", post_attention_layernorm);
  }
};

LayerNorm norm_of(const XglmConfig& config) { return make_layer_norm(config.hidden_size, 1e-5); }

// The sinusoids' rates: 10000 to the power of −i / (C/2 − 1), in float32 arithmetic as transformers'.
std::vector<float> rates_of(int64_t hidden_size) {
  const int64_t half = hidden_size / 2;
  const float step = static_cast<float>(-std::log(10000.0) / static_cast<double>(half - 1));
  std::vector<float> rates(half);
  for (int64_t i = 0; i < half; ++i) rates[i] = std::exp(static_cast<float>(i) * step);
  return rates;
}

class XglmDecoder : public PreNormDecoder<XglmLayer, LayerNorm> {
 public:
  explicit XglmDecoder(const XglmConfig& config)
      : PreNormDecoder(config, norm_of(config), /*rope=*/{},
                       {"model.embed_tokens.weight", "model.layers.", "model.layer_norm", "lm_head.weight"}),
        embedding_scale_(config.embedding_scale),
        pad_token_id_(config.pad_token_id) {
    const AttentionParts parts{.qkv_bias = true, .o_bias = true};
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers_.push_back({norm_of(config), norm_of(config), make_attention(config, parts),
                         make_mlp(config.hidden_size, config.intermediate_size, config.activation)});
  }

 protected:
  at::Tensor embedding(const TokenBatch& batch) const override {
    const at::Tensor x = PreNormDecoder::embedding(batch) * embedding_scale_;
    return x + positions(batch).to(x.device(), x.scalar_type());
  }

 private:
  // [N, C] float32: sines, then cosines. The row of the pad token's number is 0 (with 1, no text meets it).
  at::Tensor positions(const TokenBatch& batch) const {
    constexpr int64_t kOffset = 2;
    const at::Tensor places = at::tensor(at::ArrayRef<int64_t>(batch.position_ids()), at::kLong) + kOffset;
    const at::Tensor rates = at::tensor(at::ArrayRef<float>(rates_of(config_.hidden_size)), at::kFloat);
    const ops::RopeAngles angles = ops::rope_angles(places, rates);
    return at::cat({angles.sin, angles.cos}, 1) * places.ne(pad_token_id_).unsqueeze(1);
  }

  double embedding_scale_;
  int64_t pad_token_id_;
};

}  // namespace

std::unique_ptr<Decoder> make_xglm(const ConfigReader& config_json) {
  const ConfigReader json = config_json.with_aliases({{"hidden_size", "d_model"},
                                                      {"num_hidden_layers", "num_layers"},
                                                      {"num_attention_heads", "attention_heads"},
                                                      {"intermediate_size", "ffn_dim"},
                                                      {"initializer_range", "init_std"}});
  XglmConfig config{read_model_config(json)};
  config.num_key_value_heads = config.num_attention_heads;
  config.tie_word_embeddings = json.flag("tie_word_embeddings", true);
  config.intermediate_size = json.size("intermediate_size");
  config.activation = read_activation(json, "activation_function", "gelu");
  if (json.flag("scale_embedding", true))
    config.embedding_scale = std::sqrt(static_cast<double>(config.hidden_size));
  if (json.has("pad_token_id")) config.pad_token_id = json.at("pad_token_id").as_int();
  if (config.hidden_size < 4 || config.hidden_size % 2 != 0)
    json.fail("hidden_size", str_cat("must be even and at least 4, is ", config.hidden_size));
  if (json.flag("add_cross_attention", false))
    json.fail("add_cross_attention", "only decoders that stand alone are supported");
  return std::make_unique<XglmDecoder>(config);
}

}  // namespace xlt
