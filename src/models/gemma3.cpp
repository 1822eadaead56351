// SPDX-License-Identifier: Apache-2.0
// Gemma 3 from 4B up: a wrapper of a Gemma 3 text decoder and a vision tower, which is passed over. The
// decoder's keys stand in text_config, which leaves out what is as usual; its parts go by the wrapper's
// names.
#include "models/family.h"
#include "models/gemma_decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_gemma3(const ConfigReader& json) {
  GemmaConfig config = read_gemma3_config(json.section("text_config")
                                              .with_defaults({{"model_type", "gemma3_text"},
                                                              {"vocab_size", 262208},
                                                              {"hidden_size", 2304},
                                                              {"intermediate_size", 9216},
                                                              {"num_hidden_layers", 26},
                                                              {"num_attention_heads", 8},
                                                              {"num_key_value_heads", 4},
                                                              {"head_dim", 256},
                                                              {"max_position_embeddings", 131072}}));
  config.base_name = "model.language_model.";
  return make_gemma_decoder(config);
}

}  // namespace xlt
