// SPDX-License-Identifier: Apache-2.0
// The tasks of a plan in a device's memory. Inside `ops` only.
#pragma once

#include "ops/attention/attention_tasks.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// Copies to the device and waits for it: to be done once a plan, not once a layer.
at::Tensor upload(const std::vector<int32_t>& numbers, at::Device device);

// Parts of one device array of int32.
class DeviceTasks {
 public:
  DeviceTasks(const AttentionPlan& plan, bool backward, at::Device device);
  void name_in(DeviceAttention& args) const;
  void name_in(DeviceAttentionGradients& args) const;

 private:
  std::vector<int32_t> joined();
  const int32_t* part(size_t i) const { return array_.const_data_ptr<int32_t>() + begins_[i]; }

  AttentionTasks host_;
  std::vector<int64_t> begins_;
  at::Tensor array_;
};

// Those of the plan's cache: cut and uploaded when the first layer asks.
std::shared_ptr<const DeviceTasks> device_tasks_of(const AttentionPlan& plan, bool backward,
                                                   at::Device device);

}  // namespace xlt::ops
