// SPDX-License-Identifier: Apache-2.0
// The decoder of Cohere's models, by what they differ in.
#pragma once

#include "models/config_reader.h"
#include "models/layer_types.h"
#include "models/rope_parameters.h"

#include <memory>
#include <vector>

#include "xlt/models/decoder.h"
#include "xlt/ops/elementwise/activation.h"

namespace xlt {

struct CohereConfig : ModelConfig {
  int64_t intermediate_size = 0;
  double layer_norm_eps = 1e-5;
  bool attention_bias = false;
  bool has_qk_norm = false;  // over head_dim with a weight of each head's own, before the rotation
  ops::Activation activation = ops::Activation::kSilu;
  RopeParameters rope;
  int64_t sliding_window = 0;
  // [L]; layers of full attention have no rotary positions. Empty: all layers see everything and have them.
  std::vector<LayerType> layer_types;
};

CohereConfig read_cohere_config(const ConfigReader& json);
std::unique_ptr<Decoder> make_cohere_decoder(const CohereConfig& config);

}  // namespace xlt
