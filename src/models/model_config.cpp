// SPDX-License-Identifier: Apache-2.0
// Reads config.json in both layouts.
#include "xlt/models/model_config.h"

#include <cmath>
#include <numbers>

#include "xlt/base/json.h"

namespace xlt {

namespace {

int64_t positive(const JsonView& json, const char* key) {
  const int64_t value = json.at(key).as_int();
  if (value <= 0) json.at(key).fail(str_cat("must be positive, is ", value));
  return value;
}

RopeParameters parse_rope(const JsonView& json, double theta) {
  RopeParameters rope;
  rope.rope_theta = json.get("rope_theta", theta);
  rope.rope_type = json.has("rope_type") ? json.get("rope_type", "default") : json.get("type", "default");
  rope.factor = json.get("factor", 1.0);
  rope.low_freq_factor = json.get("low_freq_factor", 1.0);
  rope.high_freq_factor = json.get("high_freq_factor", 4.0);
  rope.original_max_position_embeddings = json.get("original_max_position_embeddings", int64_t{8192});
  if (rope.rope_type != "default" && rope.rope_type != "linear" && rope.rope_type != "llama3")
    json.fail(
        str_cat("rope type \"", rope.rope_type, "\" is not supported; supported: default, linear, llama3"));
  if (rope.rope_theta <= 0 || rope.factor <= 0) json.fail("rope_theta and factor must be positive");
  return rope;
}

// transformers 5: `rope_parameters`, either one set or one per layer type. Before: `rope_theta` +
// `rope_scaling`
// (+ `rope_local_base_freq` for Gemma's sliding layers).
void parse_rope_parameters(const JsonView& json, ModelConfig& config) {
  const double theta = json.get("rope_theta", 10000.0);
  if (json.has("rope_parameters")) {
    const JsonView rope = json.at("rope_parameters");
    const bool per_type = rope.has("full_attention") || rope.has("sliding_attention");
    config.rope_full = per_type && rope.has("full_attention") ? parse_rope(rope.at("full_attention"), theta)
                                                              : parse_rope(rope, theta);
    config.rope_sliding =
        per_type && rope.has("sliding_attention")
            ? parse_rope(rope.at("sliding_attention"), json.get("rope_local_base_freq", theta))
            : config.rope_full;
    return;
  }
  config.rope_full.rope_theta = theta;
  if (json.has("rope_scaling")) config.rope_full = parse_rope(json.at("rope_scaling"), theta);
  config.rope_sliding = config.rope_full;
  if (json.has("rope_local_base_freq")) {
    config.rope_sliding = {};
    config.rope_sliding.rope_theta = json.get("rope_local_base_freq", 10000.0);
  }
}

void parse_layer_types(const JsonView& json, ModelConfig& config) {
  if (!json.has("layer_types")) return;
  const JsonView types = json.at("layer_types");
  if (static_cast<int64_t>(types.size()) != config.num_hidden_layers)
    types.fail(str_cat("has ", types.size(), " entries; num_hidden_layers is ", config.num_hidden_layers));
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string type = types.at(i).as_string();
    if (type == "full_attention") {
      config.layer_types.push_back(LayerType::kFullAttention);
    } else if (type == "sliding_attention") {
      config.layer_types.push_back(LayerType::kSlidingAttention);
    } else {
      types.at(i).fail(
          str_cat("\"", type, "\" is not supported; expected full_attention or sliding_attention"));
    }
  }
}

}  // namespace

ModelConfig parse_common_config(const Json& value, const std::string& where) {
  const JsonView json(value, where, ErrorKind::kCheckpoint);
  ModelConfig config;
  config.model_type = json.at("model_type").as_string();
  config.vocab_size = positive(json, "vocab_size");
  config.hidden_size = positive(json, "hidden_size");
  config.intermediate_size = positive(json, "intermediate_size");
  config.num_hidden_layers = positive(json, "num_hidden_layers");
  config.num_attention_heads = positive(json, "num_attention_heads");
  config.num_key_value_heads = json.get("num_key_value_heads", config.num_attention_heads);
  config.head_dim = json.get("head_dim", config.hidden_size / config.num_attention_heads);
  if (config.num_key_value_heads <= 0 || config.num_attention_heads % config.num_key_value_heads != 0)
    json.fail(str_cat("num_attention_heads (", config.num_attention_heads,
                      ") must be a multiple of num_key_value_heads (", config.num_key_value_heads, ")"));
  if (config.head_dim <= 0 || config.head_dim % 2 != 0)
    json.fail(str_cat("head_dim must be even, is ", config.head_dim));
  config.max_position_embeddings = json.get("max_position_embeddings", int64_t{2048});
  if (config.max_position_embeddings < 2)
    json.fail(str_cat("max_position_embeddings must be at least 2, is ", config.max_position_embeddings));
  config.rms_norm_eps = json.get("rms_norm_eps", 1e-6);
  config.initializer_range = json.get("initializer_range", 0.02);
  config.hidden_act =
      json.has("hidden_activation") ? json.get("hidden_activation", "silu") : json.get("hidden_act", "silu");
  config.tie_word_embeddings = json.get("tie_word_embeddings", false);
  config.attention_bias = json.get("attention_bias", false);
  config.mlp_bias = json.get("mlp_bias", false);
  config.sliding_window = json.get("sliding_window", int64_t{0});
  if (config.sliding_window < 0)
    json.fail(str_cat("sliding_window must not be negative, is ", config.sliding_window));
  if (json.has("query_pre_attn_scalar"))
    config.query_pre_attn_scalar = json.get("query_pre_attn_scalar", 0.0);
  if (json.has("final_logit_softcapping"))
    config.final_logit_softcapping = json.get("final_logit_softcapping", 0.0);
  if (json.has("attn_logit_softcapping"))
    config.attn_logit_softcapping = json.get("attn_logit_softcapping", 0.0);
  parse_layer_types(json, config);
  parse_rope_parameters(json, config);
  return config;
}

double ModelConfig::attention_scale() const {
  return 1.0 / std::sqrt(query_pre_attn_scalar.value_or(static_cast<double>(head_dim)));
}

int64_t ModelConfig::window_of(int64_t layer) const {
  const bool sliding = !layer_types.empty() && layer_types[layer] == LayerType::kSlidingAttention;
  return sliding ? sliding_window : 0;
}

std::vector<float> ModelConfig::inverse_frequencies(LayerType type) const {
  const RopeParameters& rope = type == LayerType::kFullAttention ? rope_full : rope_sliding;
  std::vector<float> inverse(head_dim / 2);
  for (int64_t i = 0; i < head_dim / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    float frequency = 1.0f / std::pow(static_cast<float>(rope.rope_theta), exponent);
    if (rope.rope_type == "linear") frequency /= static_cast<float>(rope.factor);
    if (rope.rope_type == "llama3") {
      // Llama 3.1: long wavelengths are divided by `factor`, short ones kept, those between blended.
      const double original = static_cast<double>(rope.original_max_position_embeddings);
      const double wavelength = 2 * std::numbers::pi / frequency;
      const double low = original / rope.low_freq_factor, high = original / rope.high_freq_factor;
      if (wavelength > low) {
        frequency = static_cast<float>(frequency / rope.factor);
      } else if (wavelength >= high) {
        const double smooth =
            (original / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
        frequency = static_cast<float>((1 - smooth) * frequency / rope.factor + smooth * frequency);
      }
    }
    inverse[i] = frequency;
  }
  return inverse;
}

}  // namespace xlt
