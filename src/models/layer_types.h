// SPDX-License-Identifier: Apache-2.0
// Which layers see everything before a token, and which only a window of it.
#pragma once

#include "models/config_reader.h"

#include <cstdint>
#include <vector>

namespace xlt {

enum class LayerType { kFullAttention, kSlidingAttention };

// config.json's `layer_types`, one a layer. Empty where there are none. Throws kCheckpoint.
std::vector<LayerType> read_layer_types(const ConfigReader& json, int64_t num_layers);
// Qwen's windows, one a layer, 0: none. Where `use_sliding_window` is set, layers whose type says so have
// one; without types, those from `max_window_layers` on.
std::vector<int64_t> read_upper_windows(const ConfigReader& json, int64_t num_layers);

}  // namespace xlt
