// SPDX-License-Identifier: Apache-2.0
// Weights of any source → safetensors files of a Hugging Face folder.
#pragma once

#include <cstdint>
#include <filesystem>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"  // DType

namespace xlt {

class WeightSource;

// What transformers splits weights at, and what is held in memory at most besides one tensor.
inline constexpr int64_t kShardBytes = int64_t{5} << 30;

// Writes every floating-point tensor of `source` in `dtype` (others as they are) into `folder`, which exists:
// model.safetensors, or, beyond `shard_bytes`, shards with their index. Throws as the source, and kIo.
void save_weights(const WeightSource& source, DType dtype, const std::filesystem::path& folder,
                  const Context& context, int64_t shard_bytes = kShardBytes);

}  // namespace xlt
