// SPDX-License-Identifier: Apache-2.0
// config.json beside weights that have room for 64 layers and hold nothing: refused, in little time and
// memory, whatever it says.
#include "fuzz/fuzzing.h"

#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>

#include "xlt/base/context.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/models/decoder.h"

XLT_FUZZ {
  static const bool has_weights = [] {
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (int i = 0; i < 64; ++i) tensors.emplace_back(std::to_string(i), at::empty({0}));
    xlt::save_safetensors(xlt::fuzzing::folder() / "model.safetensors", tensors);
    return true;
  }();
  if (!has_weights) return;
  xlt::fuzzing::write("config.json", input);
  const xlt::Context context;
  xlt::load_decoder(xlt::fuzzing::folder(), {}, context);
}
