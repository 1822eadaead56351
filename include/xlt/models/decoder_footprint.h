// SPDX-License-Identifier: Apache-2.0
// How large a decoder is, found out without reading weights.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/placement.h"
#include "xlt/models/device_map.h"

namespace xlt {

class ModelSource;

struct DecoderFootprint {
  int64_t weight_bytes = 0;  // in memory, as load_decoder would hold them
  std::string stored_dtype;  // of most parameters on disk, as the format writes it: "BF16"
  // Of all linear layers but the head, summed: an adapter of rank r has r · (in + out) numbers.
  int64_t num_linears = 0, in_features = 0, out_features = 0;
  int64_t back_features = 0;    // inputs of those that lead back to hidden_size (o_proj, down_proj), summed
  int64_t largest_matrix = 0;   // numbers in the largest of them
  int64_t quantized_bytes = 0;  // of weight_bytes, those of matrices in few bits
  int64_t block_bytes =
      0;  // of weight_bytes, those of matrices that stay in a GGUF file's blocks, in its map
  int64_t num_parameters = 0;
  int64_t num_layers = 0, hidden_size = 0, vocab_size = 0;
};
// Throws as load_decoder does.
DecoderFootprint footprint_of(const ModelSource& source, const Placement& where);

// Where load_decoder would put the layers, and what the weights take of each device.
struct DeviceMapPlan {
  DeviceMap map;
  int64_t num_layers = 0;
  std::vector<int64_t> weight_bytes, room;  // room: room_of(devices)
};
// Layers are balanced by the bytes of their weights. Throws as load_decoder does, and kUnsupported for more
// devices than layers, or where a GPU has not the room.
DeviceMapPlan plan_device_map(const ModelSource& source, std::span<const Placement> devices);

}  // namespace xlt
