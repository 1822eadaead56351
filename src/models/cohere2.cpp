// SPDX-License-Identifier: Apache-2.0
// Cohere's Command R7B and Command A: Cohere's decoder, three layers with a sliding window and rotary
// positions to one that sees everything and has no positions.
#include "models/cohere_decoder.h"
#include "models/family.h"

namespace xlt {

std::unique_ptr<Decoder> make_cohere2(const ConfigReader& json) {
  CohereConfig config = read_cohere_config(json);
  config.sliding_window = json.size_or_none("sliding_window", 4096);
  config.layer_types = read_layer_types(json, config.num_hidden_layers);
  const int64_t pattern = json.size("sliding_window_pattern", 4);
  if (config.layer_types.empty())
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      config.layer_types.push_back((i + 1) % pattern ? LayerType::kSlidingAttention
                                                     : LayerType::kFullAttention);
  return make_cohere_decoder(config);
}

}  // namespace xlt
