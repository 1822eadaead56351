// SPDX-License-Identifier: Apache-2.0
// Qwen 3 (Qwen Team 2025): Llama's decoder with norms on queries and keys in place of Qwen 2's biases.
#include "models/family.h"
#include "models/layer_types.h"
#include "models/llama_decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_qwen3(const ConfigReader& json) {
  LlamaConfig config = read_llama_config(json);
  config.max_position_embeddings = json.size("max_position_embeddings", 32768);
  config.head_dim = json.size("head_dim", 128);
  config.rope = read_ropes(json, config.head_dim, /*theta=*/10000.0).full;
  config.has_qk_norm = true;
  config.windows = read_upper_windows(json, config.num_hidden_layers);
  return make_llama_decoder(config);
}

}  // namespace xlt
