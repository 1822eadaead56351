// SPDX-License-Identifier: Apache-2.0
// Hands out runs of cache slots, first fit, and takes them back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace xlt {

class SlotPool {
 public:
  explicit SlotPool(int64_t capacity);
  // The first slot of a free run of `length`, or nothing when there is none.
  std::optional<int64_t> take(int64_t length);
  void give_back(int64_t begin, int64_t length);  // merges with free neighbours
  int64_t free_slots() const;

 private:
  std::map<int64_t, int64_t> free_;  // begin → length
};

}  // namespace xlt
