// SPDX-License-Identifier: Apache-2.0
// The host's numbers on a device, without waiting for it.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// [N] int64, float32 or uint8, a copy: `values` need not be kept. What was launched on the device before may
// still be running when this returns; what is launched after it sees the numbers.
at::Tensor to_device(const std::vector<int64_t>& values, at::Device device);
at::Tensor to_device(const std::vector<float>& values, at::Device device);
at::Tensor to_device(const std::vector<uint8_t>& values, at::Device device);

}  // namespace xlt::ops
