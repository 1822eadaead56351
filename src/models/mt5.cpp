// SPDX-License-Identifier: Apache-2.0
// mT5 (Xue et al. 2021): T5's version 1.1 on 101 languages, outputs not scaled.
#include "models/encoder_decoder_family.h"

namespace xlt {

std::unique_ptr<EncoderDecoder> make_mt5(const ConfigReader& json) {
  return make_t5_like(json.with_defaults({{"feed_forward_proj", "gated-gelu"}}), /*scales_outputs=*/false);
}

}  // namespace xlt
