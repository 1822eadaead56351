// SPDX-License-Identifier: Apache-2.0
// Gemma 2 (Gemma Team 2024): soft-capped attention and logits, every second layer with a sliding window.
#include "models/family.h"
#include "models/gemma_decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_gemma2(const ConfigReader& json) {
  GemmaConfig config = read_gemma_config(json, /*pattern=*/2);
  // transformers' defaults; null switches a cap off.
  if (!json.is_null("attn_logit_softcapping"))
    config.attn_logit_softcapping = json.not_negative("attn_logit_softcapping", 50.0);
  if (!json.is_null("final_logit_softcapping"))
    config.final_logit_softcapping = json.not_negative("final_logit_softcapping", 30.0);
  config.ropes = read_ropes(json, config, /*theta=*/10000.0);
  return make_gemma_decoder(config);
}

}  // namespace xlt
