// SPDX-License-Identifier: Apache-2.0
// The decoder of Gemma 2 and 3, by what they differ in.
#pragma once

#include "models/config_reader.h"
#include "models/layer_types.h"
#include "models/rope_parameters.h"

#include <memory>
#include <string>
#include <vector>

#include "xlt/models/decoder.h"
#include "xlt/ops/elementwise/gated_activation.h"

namespace xlt {

struct GemmaConfig : ModelConfig {
  int64_t intermediate_size = 0;
  double rms_norm_eps = 1e-6;
  ops::Activation activation = ops::Activation::kGeluTanh;
  bool attention_bias = false;
  bool has_qk_norm = false;  // over head_dim, before the rotation
  double query_pre_attn_scalar = 256, attn_logit_softcapping = 0;
  int64_t sliding_window = 0;
  std::vector<LayerType> layer_types;  // [L]
  LayerRopes ropes;
  std::string base_name = "model.";  // what the names of its parts begin with
};

// `pattern`: every pattern-th layer has full attention, where the file does not say which. The ropes are left
// to the family.
GemmaConfig read_gemma_config(const ConfigReader& json, int64_t pattern);
GemmaConfig read_gemma3_config(const ConfigReader& json);  // with its ropes
std::unique_ptr<Decoder> make_gemma_decoder(const GemmaConfig& config);

}  // namespace xlt
