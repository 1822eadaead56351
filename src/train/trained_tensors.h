// SPDX-License-Identifier: Apache-2.0
// The weights a decoder is trained on, and the dropout switch of its layers.
#pragma once

#include "train/optimizer.h"

#include <optional>
#include <vector>

#include "xlt/base/rng.h"

namespace xlt {

class Decoder;

// Everything that requires grad: adapters ("<module>.lora_A", "<module>.lora_B"), then weights by their name
// on disk.
std::vector<TrainedTensor> trained_tensors(Decoder& decoder);
bool has_adapter(Decoder& decoder);
bool has_dropout(Decoder& decoder);
// Turns the adapters' dropout on, each linear layer with a stream of its own, or off.
void set_dropout(Decoder& decoder, const std::optional<Rng>& stream);

}  // namespace xlt
