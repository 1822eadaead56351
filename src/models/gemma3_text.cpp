// SPDX-License-Identifier: Apache-2.0
// Gemma 3 text decoders (Gemma Team 2025): query and key norms, five sliding-window layers to one full layer,
// with rotation bases of their own.
#include "models/family.h"
#include "models/gemma_decoder.h"

namespace xlt {

GemmaConfig read_gemma3_config(const ConfigReader& config_json) {
  const ConfigReader json = config_json.with_aliases({{"sliding_window_pattern", "_sliding_window_pattern"}});
  GemmaConfig config = read_gemma_config(json, json.size("sliding_window_pattern", 6));
  config.has_qk_norm = true;
  // The layout before transformers 5 leaves both bases out where they have their usual values.
  config.ropes = read_ropes(json, config, /*theta=*/1e6, /*sliding_theta=*/10000.0);
  return config;
}

std::unique_ptr<Decoder> make_gemma3_text(const ConfigReader& json) {
  return make_gemma_decoder(read_gemma3_config(json));
}

}  // namespace xlt
