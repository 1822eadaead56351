// SPDX-License-Identifier: Apache-2.0
// What ops work out of a plan and keep beside it: made once for each device, not once for each layer.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <typeindex>
#include <utility>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// No part of the plan's value: a copy of a plan, which may be changed before it is used, starts with none of
// it. Any thread may call `get`; two that ask for the same object wait for one making of it.
class PlanCache {
 public:
  PlanCache() = default;
  PlanCache(const PlanCache& /*other*/) noexcept {}
  PlanCache& operator=(const PlanCache& other) {
    if (this == &other) return *this;
    const std::lock_guard lock(mutex_);
    objects_.clear();
    return *this;
  }

  // The Object made by `make()`, at the first call for this type, device and variant (forward or backward,
  // say); the same one ever after. A `make` that throws leaves nothing behind.
  template <class Object, class Make>
  std::shared_ptr<const Object> get(at::Device device, int variant, Make&& make) const {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const void>& kept = objects_[{std::type_index(typeid(Object)), device.str(), variant}];
    if (kept == nullptr) kept = std::make_shared<const Object>(std::forward<Make>(make)());
    return std::static_pointer_cast<const Object>(kept);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::tuple<std::type_index, std::string, int>, std::shared_ptr<const void>> objects_;
};

}  // namespace xlt::ops
