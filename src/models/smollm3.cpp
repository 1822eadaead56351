// SPDX-License-Identifier: Apache-2.0
// SmolLM3 (Bakouch et al. 2025): Llama's decoder, every fourth layer of which has no rotary positions.
#include "models/family.h"
#include "models/layer_types.h"
#include "models/llama_decoder.h"

namespace xlt {

namespace {

// In `no_rope_layers` a 1 means that the layer has rotary positions, a 0 that it has none.
std::vector<bool> read_rope_layers(const ConfigReader& json, int64_t num_layers) {
  std::vector<bool> has_rope;
  if (!json.has("no_rope_layers")) {
    const int64_t interval = json.size("no_rope_layer_interval", 4);
    for (int64_t i = 0; i < num_layers; ++i) has_rope.push_back((i + 1) % interval != 0);
    return has_rope;
  }
  const JsonView list = json.at("no_rope_layers");
  if (static_cast<int64_t>(list.size()) < num_layers)
    list.fail(str_cat("has ", list.size(), " entries; num_hidden_layers is ", num_layers));
  for (int64_t i = 0; i < num_layers; ++i) has_rope.push_back(list.at(i).as_int() != 0);
  return has_rope;
}

}  // namespace

std::unique_ptr<Decoder> make_smollm3(const ConfigReader& config_json) {
  const ConfigReader json = config_json.with_defaults({{"num_key_value_heads", 4},
                                                       {"rope_theta", 2000000.0},
                                                       {"tie_word_embeddings", true},
                                                       {"max_position_embeddings", 32768}});
  LlamaConfig config = read_llama_config(json);
  config.has_rope = read_rope_layers(json, config.num_hidden_layers);
  config.windows.assign(config.num_hidden_layers, 0);
  const auto types = read_layer_types(json, config.num_hidden_layers);
  if (!json.flag("use_sliding_window", false)) return make_llama_decoder(config);
  const int64_t window = json.size_or_none("sliding_window", 0);
  // Without types, the layers without rotary positions are those with a window.
  for (int64_t i = 0; i < config.num_hidden_layers; ++i)
    if (types.empty() ? !config.has_rope[i] : types[i] == LayerType::kSlidingAttention)
      config.windows[i] = window;
  return make_llama_decoder(config);
}

}  // namespace xlt
