// SPDX-License-Identifier: Apache-2.0
// Llama's decoder and what its relatives change of it: pre-norm attention and gated MLP, rotary positions.
#pragma once

#include "models/config_reader.h"
#include "models/rope_parameters.h"

#include <memory>
#include <vector>

#include "xlt/models/decoder.h"
#include "xlt/ops/elementwise/activation.h"
#include "xlt/ops/norm/rms_norm.h"

namespace xlt {

struct LlamaConfig : ModelConfig {
  int64_t intermediate_size = 0;
  double rms_norm_eps = 1e-6;
  ops::RmsNormCasting norm_casting = ops::RmsNormCasting::kWeight;
  ops::Activation activation = ops::Activation::kSilu;
  bool qkv_bias = false, o_bias = false, mlp_bias = false;
  bool has_qk_norm = false;      // over head_dim, before the rotation
  std::vector<int64_t> windows;  // of each layer, 0: none; empty: none anywhere
  std::vector<bool> has_rope;    // of each layer; empty: all have it
  RopeParameters rope;
  double embedding_scale = 1;
};

LlamaConfig read_llama_config(const ConfigReader& json);
std::unique_ptr<Decoder> make_llama_decoder(const LlamaConfig& config);

}  // namespace xlt
