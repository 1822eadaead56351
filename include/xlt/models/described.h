// SPDX-License-Identifier: Apache-2.0
// The architectures that load, by config.json's `model_type`, and which models go by it.
#pragma once

#include <vector>

#include "xlt/base/described.h"

namespace xlt {

std::vector<Described> described_decoders();
std::vector<Described> described_encoders();
std::vector<Described> described_encoder_decoders();

}  // namespace xlt
