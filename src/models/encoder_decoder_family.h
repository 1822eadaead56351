// SPDX-License-Identifier: Apache-2.0
// Encoder-decoder families: config.json → the model as shapes (meta tensors), which loading fills. One file
// and one row of encoder_decoders.def each.
#pragma once

#include "models/config_reader.h"

#include <memory>

#include "xlt/models/encoder_decoder.h"

namespace xlt {

// Reads and checks the family's keys. Throws kCheckpoint.
using EncoderDecoderMaker = std::unique_ptr<EncoderDecoder> (*)(const ConfigReader& json);

#define X(name, models) std::unique_ptr<EncoderDecoder> make_##name(const ConfigReader& json);
#include "models/encoder_decoders.def"
#undef X

// T5 and its relatives; `scales_outputs`: what the decoder gives is multiplied by d_model^−½ before the head.
std::unique_ptr<EncoderDecoder> make_t5_like(const ConfigReader& json, bool scales_outputs);

}  // namespace xlt
