// SPDX-License-Identifier: Apache-2.0
#include "models/place_decoder.h"

#include <algorithm>
#include <string>

#include "xlt/base/error.h"
#include "xlt/base/memory.h"

namespace xlt {

namespace {

void check_room(const DeviceMapPlan& plan) {
  for (size_t i = 0; i < plan.room.size(); ++i)
    if (plan.map.devices[i].is_cuda && plan.room[i] > 1 && plan.weight_bytes[i] > plan.room[i])
      throw Error(ErrorKind::kUnsupported,
                  str_cat("the weights of its layers take ", gib_text(plan.weight_bytes[i]), ", and ",
                          gib_text(plan.room[i]),
                          " are free: free memory, name more devices, or hold the weights in few bits "
                          "(--quantize nf4)"),
                  "--device-map: " + name_of(plan.map.devices[i]));
}

}  // namespace

DeviceMapPlan plan_device_map(Decoder& decoder, std::span<const Placement> devices,
                              std::span<const int64_t> bytes) {
  const int64_t num_layers = decoder.config().num_hidden_layers;
  DeviceMapPlan plan{.num_layers = num_layers, .room = room_of(devices)};
  plan.map.devices.assign(devices.begin(), devices.end());
  plan.map.ties_head = decoder.config().tie_word_embeddings;
  std::vector<int64_t> layer_bytes(num_layers);
  const auto parameters = decoder.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const int64_t layer = decoder.layer_reading(parameters[i]);
    const bool is_with_head = layer == DeviceMap::kEmbedding && plan.map.ties_head;
    layer_bytes[is_with_head ? num_layers - 1 : std::clamp<int64_t>(layer, 0, num_layers - 1)] += bytes[i];
  }
  plan.map.first_layers = balance_layers(layer_bytes, plan.room);
  plan.weight_bytes.resize(devices.size());
  for (int64_t i = 0; i < num_layers; ++i) plan.weight_bytes[plan.map.device_of(i)] += layer_bytes[i];
  check_room(plan);
  return plan;
}

void place(Decoder& decoder, std::span<const Placement> devices,
           const std::function<std::vector<int64_t>()>& bytes) {
  if (devices.size() == 1) return decoder.set_placement(devices.front());
  decoder.set_device_map(plan_device_map(decoder, devices, bytes()).map);
}

}  // namespace xlt
