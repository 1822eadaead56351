// SPDX-License-Identifier: Apache-2.0
// Rotary positions as config.json describes them: the older layout (`rope_theta`, `rope_scaling`) and
// transformers 5's (`rope_parameters`, also one set per layer type).
#pragma once

#include "models/config_reader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

struct RopeParameters {
  int64_t dim = 0;                    // the first elements of a head that turn; even; 0: none
  std::string rope_type = "default";  // default | linear | llama3 | longrope | yarn
  double rope_theta = 10000.0;
  double factor = 1.0;                                   // linear, llama3, yarn
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  // llama3
  int64_t original_max_position_embeddings = 8192;       // llama3, longrope, yarn
  // longrope, [dim / 2]: rates are divided by these in texts of up to original_max_position_embeddings
  // tokens. Those for longer texts are not read: one position would turn at different rates in short and
  // in long texts.
  std::vector<float> short_factor;
  // yarn: turns within original_max_position_embeddings between which rates are blended
  double beta_fast = 32, beta_slow = 1;
  bool truncate = true;         // yarn: the blend begins and ends at whole pairs of elements
  double attention_factor = 1;  // longrope, yarn: cos and sin are multiplied by it

  // [dim / 2], in float32 arithmetic as transformers'.
  std::vector<float> inverse_frequencies() const;
};

// Of layers of full attention and of those with a window, which may turn at rates of their own.
struct LayerRopes {
  RopeParameters full, sliding;
};

// `theta`: the rate where the file names none; `sliding_theta`: that of layers with a window, where it is the
// family's habit that they have one of their own. LongRoPE turns all positions of a text that is longer than
// those of the first training at other rates, which no cache of shorter prefixes allows: the config's longest
// text becomes that length. Throws kCheckpoint.
LayerRopes read_ropes(const ConfigReader& json, ModelConfig& config, double theta,
                      std::optional<double> sliding_theta = {});

}  // namespace xlt
