// SPDX-License-Identifier: Apache-2.0
// What a scorer, a sampler or a trainer needs to know of any layered model. Everything else in config.json is
// its family's affair and stays in the family's file. Names as on disk.
#pragma once

#include <cstdint>
#include <string>

namespace xlt {

struct ModelConfig {
  std::string model_type;  // "llama", "mistral", "gemma3_text"
  int64_t vocab_size = 0, hidden_size = 0, num_hidden_layers = 0, num_attention_heads = 0;
  int64_t num_key_value_heads = 0, head_dim = 0, max_position_embeddings = 2048;
  double initializer_range = 0.02;
  bool tie_word_embeddings = false;
  double logit_scale = 1;              // logits are multiplied by it
  double final_logit_softcapping = 0;  // then squashed into ± this; 0: not
};

}  // namespace xlt
