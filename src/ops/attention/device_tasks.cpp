// SPDX-License-Identifier: Apache-2.0
#include "ops/attention/device_tasks.h"

#include <algorithm>
#include <cstring>

#include <ATen/ops/from_blob.h>

namespace xlt::ops {

at::Tensor upload(const std::vector<int32_t>& numbers, at::Device device) {
  return at::from_blob(const_cast<int32_t*>(numbers.data()), {static_cast<int64_t>(numbers.size())}, at::kInt)
      .to(device, at::kInt, /*non_blocking=*/false, /*copy=*/true);
}

DeviceTasks::DeviceTasks(const AttentionPlan& plan, bool backward, at::Device device)
    : host_(attention_tasks(plan, backward ? kBackwardQueries : kForwardQueries, backward)) {
  array_ = upload(joined(), device);
}

void DeviceTasks::name_in(DeviceAttention& args) const {
  args.spans = reinterpret_cast<const KeySpan*>(part(0));
  args.tasks = reinterpret_cast<const QueryTask*>(part(1));
  args.num_tasks = static_cast<int32_t>(host_.query_tasks.size());
  args.most_queries = 1;
  for (const QueryTask& task : host_.query_tasks) args.most_queries = std::max(args.most_queries, task.count);
}

void DeviceTasks::name_in(DeviceAttentionGradients& args) const {
  args.key_tasks = reinterpret_cast<const KeyTask*>(part(2));
  args.num_key_tasks = static_cast<int32_t>(host_.key_tasks.size());
  args.readers = reinterpret_cast<const KeyReader*>(part(3));
}

std::vector<int32_t> DeviceTasks::joined() {
  std::vector<int32_t> all;
  const auto append = [&](const auto& items) {
    begins_.push_back(static_cast<int64_t>(all.size()));
    if (items.empty()) return;
    all.resize(all.size() + items.size() * sizeof(items[0]) / sizeof(int32_t));
    std::memcpy(all.data() + begins_.back(), items.data(), items.size() * sizeof(items[0]));
  };
  append(host_.spans);
  append(host_.query_tasks);
  append(host_.key_tasks);
  append(host_.readers);
  return all;
}

std::shared_ptr<const DeviceTasks> device_tasks_of(const AttentionPlan& plan, bool backward,
                                                   at::Device device) {
  return plan.cache.get<DeviceTasks>(device, backward, [&] { return DeviceTasks(plan, backward, device); });
}

}  // namespace xlt::ops
