// SPDX-License-Identifier: Apache-2.0
// Merging into 4-bit weights, as PEFT does and as the published recipes did (protocol T11): a matrix in NF4
// is dequantised to the dtype it was made of, scale·B·A is added in float32, and the sum is quantised again.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/models/weighted_model.h"

namespace xlt {

class WeightSource;

// `model`: loaded from `weights`, with adapters, which are left as they are. Every matrix of a linear layer
// comes from `weights` (which hold NF4: quantized_source.h), is merged into where it has an adapter, and is
// saved as bitsandbytes saves it; everything else as the model has it. Writes model.safetensors and
// config.json into `folder`. Returns of each merged module the largest |rounding error|, relative to the
// largest |weight|.
std::vector<std::pair<std::string, double>> save_merged_in_nf4(WeightedModel& model,
                                                               const WeightSource& weights,
                                                               const Json& config_source,
                                                               const std::filesystem::path& folder);

}  // namespace xlt
