// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/to_device.h"

#include <ATen/ops/tensor.h>

namespace xlt::ops {

namespace {

// A blocking copy waits for all that was launched before. One that does not is as safe from pageable memory:
// CUDA has read it by the time the call returns.
template <typename T>
at::Tensor copied(const std::vector<T>& values, at::Device device) {
  return at::tensor(at::ArrayRef<T>(values)).to(device, /*non_blocking=*/true);
}

}  // namespace

at::Tensor to_device(const std::vector<int64_t>& values, at::Device device) { return copied(values, device); }
at::Tensor to_device(const std::vector<float>& values, at::Device device) { return copied(values, device); }
at::Tensor to_device(const std::vector<uint8_t>& values, at::Device device) { return copied(values, device); }

}  // namespace xlt::ops
