// SPDX-License-Identifier: Apache-2.0
#include "lm/slot_pool.h"

#include "xlt/base/error.h"

namespace xlt {

SlotPool::SlotPool(int64_t capacity) {
  if (capacity > 0) free_[0] = capacity;
}

std::optional<int64_t> SlotPool::take(int64_t length) {
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->second < length) continue;
    const auto [begin, available] = *it;
    free_.erase(it);
    if (available > length) free_[begin + length] = available - length;
    return begin;
  }
  return std::nullopt;
}

void SlotPool::give_back(int64_t begin, int64_t length) {
  auto after = free_.lower_bound(begin);
  XLT_CHECK(after == free_.end() || begin + length <= after->first, "slots ", begin, " + ", length,
            " are free already");
  if (after != free_.end() && begin + length == after->first) {
    length += after->second;
    after = free_.erase(after);
  }
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    XLT_CHECK(before->first + before->second <= begin, "slots ", begin, " + ", length, " are free already");
    if (before->first + before->second == begin) {
      before->second += length;
      return;
    }
  }
  free_[begin] = length;
}

int64_t SlotPool::free_slots() const {
  int64_t slots = 0;
  for (const auto& [begin, length] : free_) slots += length;
  return slots;
}

}  // namespace xlt
