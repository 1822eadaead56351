// SPDX-License-Identifier: Apache-2.0
#include "models/layer_types.h"

namespace xlt {

std::vector<LayerType> read_layer_types(const ConfigReader& json, int64_t num_layers) {
  std::vector<LayerType> types;
  if (!json.has("layer_types")) return types;
  const JsonView list = json.at("layer_types");
  if (static_cast<int64_t>(list.size()) != num_layers)
    list.fail(str_cat("has ", list.size(), " entries; num_hidden_layers is ", num_layers));
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string type = list.at(i).as_string();
    if (type == "full_attention") {
      types.push_back(LayerType::kFullAttention);
    } else if (type == "sliding_attention") {
      types.push_back(LayerType::kSlidingAttention);
    } else {
      list.at(i).fail(
          str_cat("\"", type, "\" is not supported; expected full_attention or sliding_attention"));
    }
  }
  return types;
}

std::vector<int64_t> read_upper_windows(const ConfigReader& json, int64_t num_layers) {
  std::vector<int64_t> windows(num_layers, 0);
  const auto types = read_layer_types(json, num_layers);
  if (!json.flag("use_sliding_window", false)) return windows;
  const int64_t window = json.size_or_none("sliding_window", 4096);
  const int64_t first = json.size_or_none("max_window_layers", 28);
  for (int64_t i = 0; i < num_layers; ++i)
    if (types.empty() ? i >= first : types[i] == LayerType::kSlidingAttention) windows[i] = window;
  return windows;
}

}  // namespace xlt
