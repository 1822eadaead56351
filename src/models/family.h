// SPDX-License-Identifier: Apache-2.0
// Decoder families: config.json → the decoder as shapes (meta tensors), which loading or initialising fills.
// One file and one row of families.def each.
#pragma once

#include "models/config_reader.h"

#include <memory>
#include <span>

#include "xlt/models/decoder.h"

namespace xlt {

// Reads and checks the family's keys. Throws kCheckpoint.
using DecoderMaker = std::unique_ptr<Decoder> (*)(const ConfigReader& json);

// The row's name is config.json's `model_type`.
#define X(name, models) std::unique_ptr<Decoder> make_##name(const ConfigReader& json);
#include "models/families.def"
#undef X

struct DecoderFamily {
  const char* name;
  DecoderMaker make;
};
std::span<const DecoderFamily> decoder_families();

// As load_decoder in decoder.h, of a family that need not be in the table.
std::unique_ptr<Decoder> load_decoder(DecoderMaker make, const ModelSource& source,
                                      std::span<const Placement> devices, const Context& context);

}  // namespace xlt
