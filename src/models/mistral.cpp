// SPDX-License-Identifier: Apache-2.0
// Mistral (Jiang et al. 2023): Llama's decoder with, in some versions, one sliding window in every layer.
#include "models/family.h"
#include "models/llama_decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_mistral(const ConfigReader& json) {
  LlamaConfig config = read_llama_config(json);
  config.windows.assign(config.num_hidden_layers, json.size_or_none("sliding_window", 4096));
  return make_llama_decoder(config);
}

}  // namespace xlt
