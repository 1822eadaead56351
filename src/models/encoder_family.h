// SPDX-License-Identifier: Apache-2.0
// Encoder families: config.json → the encoder as shapes (meta tensors), which loading fills. One file and one
// row of encoders.def each.
#pragma once

#include "models/config_reader.h"

#include <memory>
#include <string>

#include "xlt/models/encoder.h"

namespace xlt {

// Reads and checks the family's keys. Throws kCheckpoint.
using EncoderMaker = std::unique_ptr<Encoder> (*)(const ConfigReader& json);

#define X(name, models) std::unique_ptr<Encoder> make_##name(const ConfigReader& json);
#include "models/encoders.def"
#undef X

// Null where no row has this `model_type`.
EncoderMaker find_encoder(const std::string& model_type);

}  // namespace xlt
