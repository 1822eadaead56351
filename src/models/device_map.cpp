// SPDX-License-Identifier: Apache-2.0
#include "xlt/models/device_map.h"

#include <algorithm>
#include <limits>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/ops/cuda.h"

namespace xlt {

int64_t DeviceMap::device_of(int64_t layer) const {
  if (devices.empty()) return 0;
  if (layer == kEmbedding) return ties_head ? static_cast<int64_t>(devices.size()) - 1 : 0;
  return std::upper_bound(first_layers.begin(), first_layers.end(), layer) - first_layers.begin() - 1;
}

// Tries, for one device more at a time and every number of layers, every number of layers on that device.
std::vector<int64_t> balance_layers(std::span<const int64_t> layer_bytes,
                                    std::span<const int64_t> free_bytes) {
  const size_t num_layers = layer_bytes.size(), num_devices = free_bytes.size();
  if (num_devices > num_layers)
    throw Error(ErrorKind::kUnsupported,
                str_cat(num_devices, " devices, and the model has ", num_layers,
                        " layers: name no more devices than layers"),
                "--device-map");
  std::vector<double> bytes(num_layers + 1, 0);  // of the first layers
  for (size_t i = 0; i < num_layers; ++i) bytes[i + 1] = bytes[i] + static_cast<double>(layer_bytes[i]);
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<double> fullest(num_layers + 1,
                              kNever);  // of the devices so far, with the first layers on them
  fullest[0] = 0;
  std::vector<std::vector<size_t>> first(num_devices, std::vector<size_t>(num_layers + 1, 0));
  for (size_t device = 0; device < num_devices; ++device) {
    std::vector<double> with(num_layers + 1, kNever);
    for (size_t end = device + 1; end <= num_layers; ++end)
      for (size_t begin = device; begin < end; ++begin) {
        const double own = (bytes[end] - bytes[begin]) / static_cast<double>(free_bytes[device]);
        const double both = std::max(fullest[begin], own);
        if (both > with[end]) continue;
        with[end] = both;
        first[device][end] = begin;
      }
    fullest = std::move(with);
  }
  std::vector<int64_t> first_layers(num_devices);
  for (size_t device = num_devices, end = num_layers; device-- > 0; end = first[device][end])
    first_layers[device] = static_cast<int64_t>(first[device][end]);
  return first_layers;
}

std::vector<int64_t> room_of(std::span<const Placement> devices) {
  std::vector<int64_t> room;
  for (const Placement& where : devices) {
    const auto is_same = [&](const Placement& other) { return name_of(other) == name_of(where); };
    const int64_t free = where.is_cuda ? ops::free_cuda_memory(where.device_index) : 0;
    room.push_back(free / std::count_if(devices.begin(), devices.end(), is_same));
  }
  const bool is_known = std::all_of(room.begin(), room.end(), [](int64_t bytes) { return bytes > 0; });
  return is_known ? room : std::vector<int64_t>(devices.size(), 1);
}

std::string name_of(std::span<const Placement> devices) {
  return join(devices, ",", [](const Placement& where) { return name_of(where); });
}

}  // namespace xlt
