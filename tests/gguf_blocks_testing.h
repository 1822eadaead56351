// SPDX-License-Identifier: Apache-2.0
// Random blocks of GGUF's types, whose scales are ordinary numbers.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <c10/util/Half.h>

#include "xlt/base/gguf.h"
#include "xlt/base/rng.h"

namespace xlt {

// Those of more than one value a block.
inline std::vector<GgufType> types_in_blocks() {
  std::vector<GgufType> types;
  for (const GgufType& type : gguf_types())
    if (type.elements > 1) types.push_back(type);
  return types;
}

// `count` blocks, one after the other.
inline std::string random_blocks(const GgufType& type, int64_t count, uint64_t seed) {
  const std::string_view name = type.name;
  std::vector<size_t> scales = {name == "Q6_K" ? size_t{208} : size_t{0}};
  if (name.ends_with("_1") || name == "Q4_K" || name == "Q5_K") scales.push_back(2);
  Rng rng(seed);
  std::string bytes;
  for (int64_t block = 0; block < count; ++block) {
    std::string one;
    for (int64_t i = 0; i < type.bytes; ++i) one += static_cast<char>(rng.below(256));
    for (const size_t at : scales) {
      const c10::Half scale(static_cast<float>(0.01 * rng.normal()));
      std::memcpy(one.data() + at, &scale.x, sizeof scale.x);
    }
    bytes += one;
  }
  return bytes;
}

}  // namespace xlt
