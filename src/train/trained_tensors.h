// SPDX-License-Identifier: Apache-2.0
// The weights a decoder is trained on.
#pragma once

#include "train/optimizer.h"

#include <vector>

namespace xlt {

class Decoder;

// Everything that requires grad: adapters ("<module>.lora_A", "<module>.lora_B"), then weights by their name
// on disk.
std::vector<TrainedTensor> trained_tensors(Decoder& decoder);
bool has_adapter(Decoder& decoder);
bool has_dropout(Decoder& decoder);

}  // namespace xlt
