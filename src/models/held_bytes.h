// SPDX-License-Identifier: Apache-2.0
// What a model's parameters take up once loaded, found out without reading weights.
#pragma once

#include <cstdint>
#include <vector>

#include "xlt/base/placement.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/models/weighted_model.h"

namespace xlt {

struct HeldBytes {
  int64_t all = 0;
  int64_t in_few_bits = 0, in_blocks = 0;  // of `all`: as NF4, as a GGUF file's blocks
};
// Of every parameter, in their order. `weights` hold them all (check_weights).
std::vector<HeldBytes> held_bytes(WeightedModel& model, const WeightSource& weights, const Placement& where);
// Checks, then the same, without what of it is how.
std::vector<int64_t> all_held_bytes(WeightedModel& model, const WeightSource& weights,
                                    const Placement& where);

}  // namespace xlt
