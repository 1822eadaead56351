// SPDX-License-Identifier: Apache-2.0
// A safetensors file, or an index of shards where the input is JSON: every tensor that is listed can be
// looked at.
#include "fuzz/fuzzing.h"

#include "xlt/checkpoint/safetensors.h"

XLT_FUZZ {
  const auto file = xlt::fuzzing::write(
      input.starts_with('{') ? "model.safetensors.index.json" : "model.safetensors", input);
  const auto reader = xlt::SafetensorsReader::open(file);
  for (const std::string& name : reader.names()) {
    reader.shape(name);
    reader.get(name);
  }
}
