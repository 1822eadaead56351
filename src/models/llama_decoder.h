// SPDX-License-Identifier: Apache-2.0
// Llama's decoder, which Mistral shares: pre-norm attention and gated MLP, rotary positions.
#pragma once

#include <memory>

#include "xlt/models/decoder.h"

namespace xlt {

std::unique_ptr<Decoder> make_llama_decoder(ModelConfig config);

}  // namespace xlt
