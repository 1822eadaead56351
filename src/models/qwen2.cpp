// SPDX-License-Identifier: Apache-2.0
// Qwen 2 and 2.5 (Qwen Team 2024): Llama's decoder with biases on queries, keys and values, and, where the
// config says so, a sliding window in the upper layers.
#include "models/family.h"
#include "models/layer_types.h"
#include "models/llama_decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_qwen2(const ConfigReader& json) {
  LlamaConfig config = read_llama_config(json.with_defaults({{"max_position_embeddings", 32768}}));
  config.qkv_bias = true;
  config.o_bias = config.mlp_bias = false;
  config.windows = read_upper_windows(json, config.num_hidden_layers);
  return make_llama_decoder(config);
}

}  // namespace xlt
