// SPDX-License-Identifier: Apache-2.0
// Qwen 3 (Qwen Team 2025): Llama's decoder with norms on queries and keys in place of Qwen 2's biases.
#include "models/family.h"
#include "models/layer_types.h"
#include "models/llama_decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_qwen3(const ConfigReader& json) {
  LlamaConfig config =
      read_llama_config(json.with_defaults({{"max_position_embeddings", 32768}, {"head_dim", 128}}));
  config.has_qk_norm = true;
  config.windows = read_upper_windows(json, config.num_hidden_layers);
  return make_llama_decoder(config);
}

}  // namespace xlt
