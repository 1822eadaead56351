// SPDX-License-Identifier: Apache-2.0
// A decoder's layers on one device or several.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "xlt/models/decoder.h"
#include "xlt/models/decoder_footprint.h"

namespace xlt {

// `bytes`: of every parameter, in their order. Throws as plan_device_map of a source.
DeviceMapPlan plan_device_map(Decoder& decoder, std::span<const Placement> devices,
                              std::span<const int64_t> bytes);
// Before the decoder's weights are there. `bytes` is asked where there are several devices.
void place(Decoder& decoder, std::span<const Placement> devices,
           const std::function<std::vector<int64_t>()>& bytes);

}  // namespace xlt
