// SPDX-License-Identifier: Apache-2.0
// T5 (Raffel et al. 2020) and its version 1.1: norms without a mean before each part of a layer, attention
// that is not scaled and knows positions by a bias for each distance, which the first layer holds for all.
#include "models/encoder_decoder_family.h"
#include "models/t5_stack.h"

#include <cmath>

#include "xlt/nn/token_batch.h"

namespace xlt {

namespace {

class T5 : public EncoderDecoder {
 public:
  T5(const T5Config& config, int64_t start_token_id)
      : EncoderDecoder(config, start_token_id),
        t5_(config),
        words_(weight_shape({config.vocab_size, config.hidden_size})),
        encoder_(make_t5_stack(config, config.num_hidden_layers, /*is_decoder=*/false)),
        decoder_(make_t5_stack(config, config.num_decoder_layers, /*is_decoder=*/true)) {}

  at::Tensor encode(const TokenBatch& sources) const override { return run(encoder_, sources, std::nullopt); }
  at::Tensor decode(const TokenBatch& targets, const TokenBatch& sources, const at::Tensor& encoded,
                    std::span<const int64_t> texts) const override {
    return run(decoder_, targets, T5Source{encoded, cross_attention_plan(targets, sources, texts)});
  }
  const at::Tensor& head_weight() const override { return lm_head_.defined() ? lm_head_ : words_; }
  void untie_head() override { lm_head_ = weight_shape({config_.vocab_size, config_.hidden_size}); }
  // Copies of the embedding, and a bias that early checkpoints hold though distances to another text are
  // none.
  bool ignores(const std::string& stored_name) const override {
    return stored_name.ends_with("embed_tokens.weight") || stored_name == "lm_head.weight" ||
           stored_name.ends_with("EncDecAttention.relative_attention_bias.weight");
  }

 protected:
  void visit(PartVisitor& visitor) override {
    visitor.tensor("shared.weight", words_, TensorRole::kEmbedding);
    encoder_.visit(visitor, "encoder.");
    decoder_.visit(visitor, "decoder.");
    if (lm_head_.defined()) visitor.tensor("lm_head.weight", lm_head_, TensorRole::kMatrix);
  }

 private:
  at::Tensor run(const T5Stack& stack, const TokenBatch& batch, std::optional<T5Source> source) const {
    T5Pass pass(t5_, words_, stack, std::move(source));
    pass.set_placement(placement());
    return pass.run(batch);
  }

  T5Config t5_;
  at::Tensor words_, lm_head_;  // [V, C]
  T5Stack encoder_, decoder_;
};

// "relu", or "gated-" and an activation.
void read_mlp(const ConfigReader& json, T5Config& config) {
  const std::string kind = json.text("feed_forward_proj", "relu");
  config.is_gated = kind.starts_with("gated-");
  if (kind == "gated-gelu")
    config.activation = ops::Activation::kGeluTanh;
  else if (kind == "gated-silu")
    config.activation = ops::Activation::kSilu;
  else if (kind == "relu" || kind == "gated-relu")
    config.activation = ops::Activation::kRelu;
  else
    json.fail(
        "feed_forward_proj",
        str_cat("\"", kind, "\" is not supported; supported: relu, gated-gelu, gated-relu, gated-silu"));
}

}  // namespace

std::unique_ptr<EncoderDecoder> make_t5_like(const ConfigReader& config_json, bool scales_outputs) {
  const ConfigReader json = config_json.with_aliases({{"hidden_size", "d_model"},
                                                      {"num_hidden_layers", "num_layers"},
                                                      {"num_attention_heads", "num_heads"},
                                                      {"head_dim", "d_kv"}});
  T5Config config{read_model_config(json)};
  config.intermediate_size = json.size("d_ff");
  config.num_decoder_layers = json.size("num_decoder_layers", config.num_hidden_layers);
  if (config.num_decoder_layers > json.most_layers())
    json.fail("num_decoder_layers", str_cat("says ", config.num_decoder_layers,
                                            "; the weights have room for ", json.most_layers()));
  config.norm_eps = json.not_negative("layer_norm_epsilon", 1e-6);
  config.buckets.num_buckets = json.size("relative_attention_num_buckets", 32);
  config.buckets.max_distance = json.size("relative_attention_max_distance", 128);
  if (config.buckets.num_buckets < 4 || config.buckets.max_distance <= config.buckets.num_buckets / 2)
    json.fail("relative_attention_num_buckets",
              "must be at least 4, and half of it below relative_attention_max_distance");
  // A bias is laid out for every distance up to it.
  if (config.buckets.max_distance > 65536)
    json.fail("relative_attention_max_distance", "must be at most 65536");
  read_mlp(json, config);
  if (scales_outputs) config.logit_scale = 1 / std::sqrt(static_cast<double>(config.hidden_size));
  const int64_t pad = json.has("pad_token_id") ? json.at("pad_token_id").as_int() : 0;
  const int64_t start = json.has("decoder_start_token_id") ? json.at("decoder_start_token_id").as_int() : pad;
  if (start < 0 || start >= config.vocab_size)
    json.fail("decoder_start_token_id", str_cat("is ", start, " of ", config.vocab_size));
  return std::make_unique<T5>(config, start);
}

// Version 1.1 is told from the first by its config alone: there the head is not the embedding, and outputs
// are not scaled. transformers 5 ties whatever the config says, and writes down what that meant.
std::unique_ptr<EncoderDecoder> make_t5(const ConfigReader& json) {
  return make_t5_like(json, json.flag("scale_decoder_outputs", json.flag("tie_word_embeddings", true)));
}

}  // namespace xlt
