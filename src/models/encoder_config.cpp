// SPDX-License-Identifier: Apache-2.0
// What BERT's relatives read of config.json alike.
#include "models/post_norm_encoder.h"

#include "xlt/base/error.h"

namespace xlt {

EncoderConfig read_encoder_config(const ConfigReader& json) {
  EncoderConfig config{read_model_config(json)};
  config.intermediate_size = json.size("intermediate_size", 3072);
  config.max_position_embeddings = config.num_positions = json.size("max_position_embeddings", 512);
  config.num_types = json.size_or_none("type_vocab_size", 2);
  config.layer_norm_eps = json.not_negative("layer_norm_eps", 1e-12);
  config.activation = read_activation(json, "hidden_act", "gelu");
  if (config.num_key_value_heads != config.num_attention_heads)
    json.fail("num_key_value_heads", "an encoder has one key head to each query head");
  if (json.flag("is_decoder", false)) json.fail("is_decoder", "an encoder was expected");
  if (const std::string kind = json.text("position_embedding_type", "absolute"); kind != "absolute")
    json.fail("position_embedding_type", str_cat("\"", kind, "\" is not supported; supported: absolute"));
  return config;
}

}  // namespace xlt
