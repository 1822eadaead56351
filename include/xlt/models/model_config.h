// SPDX-License-Identifier: Apache-2.0
// A decoder's hyperparameters, from Hugging Face's `config.json`: the older layout (`rope_theta`,
// `rope_scaling`, `torch_dtype`) and transformers 5's (`rope_parameters`, also per layer type, `dtype`).
// Names as on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

struct RopeParameters {
  std::string rope_type = "default";  // default | linear | llama3
  double rope_theta = 10000.0;
  double factor = 1.0;                                   // linear, llama3
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  // llama3
  int64_t original_max_position_embeddings = 8192;       // llama3
};

enum class LayerType { kFullAttention, kSlidingAttention };

struct ModelConfig {
  std::string model_type;  // "llama", "mistral", "gemma3_text"
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0,
          num_attention_heads = 0;
  int64_t num_key_value_heads = 0, head_dim = 0, max_position_embeddings = 2048;
  double rms_norm_eps = 1e-6, initializer_range = 0.02;
  std::string hidden_act = "silu";
  bool tie_word_embeddings = false, attention_bias = false, mlp_bias = false;
  std::optional<double> query_pre_attn_scalar;  // attention scale is its −1/2 power; else head_dim's
  std::optional<double> final_logit_softcapping, attn_logit_softcapping;
  int64_t sliding_window = 0;          // 0: none
  std::vector<LayerType> layer_types;  // [L]
  RopeParameters rope_full, rope_sliding;

  double attention_scale() const;
  // Inverse frequencies [D/2] of a layer type, float32 arithmetic as transformers'.
  std::vector<float> inverse_frequencies(LayerType type) const;
  int64_t window_of(int64_t layer) const;  // 0 for full attention
};

// Keys every supported family shares. Throws kCheckpoint "config.json: key: …" (missing, wrong type, out of
// range).
ModelConfig parse_common_config(const Json& json, const std::string& where);

}  // namespace xlt
