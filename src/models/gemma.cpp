// SPDX-License-Identifier: Apache-2.0
// Gemma 1 (Gemma Team 2024): Llama's decoder with scaled embeddings, norms that stand for 1 + weight, GeGLU.
#include "models/family.h"
#include "models/llama_decoder.h"

#include <cmath>

namespace xlt {

std::unique_ptr<Decoder> make_gemma(const ConfigReader& config_json) {
  const ConfigReader json = config_json.with_defaults(
      {{"head_dim", 256}, {"hidden_act", "gelu_pytorch_tanh"}, {"tie_word_embeddings", true}});
  LlamaConfig config = read_llama_config(json);
  // The first releases say "gelu" and mean its approximation.
  if (config.activation == ops::Activation::kGelu) config.activation = ops::Activation::kGeluTanh;
  config.norm_casting = ops::RmsNormCasting::kOnePlusWeight;
  config.embedding_scale = std::sqrt(static_cast<double>(config.hidden_size));
  if (json.flag("use_bidirectional_attention", false))
    json.fail("use_bidirectional_attention", "only causal decoders are supported");
  return make_llama_decoder(config);
}

}  // namespace xlt
