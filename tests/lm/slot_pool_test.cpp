// SPDX-License-Identifier: Apache-2.0
#include "lm/slot_pool.h"

#include <set>

#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

TEST(SlotPool, ReturnedNeighboursBecomeOneRun) {
  SlotPool pool(10);
  EXPECT_EQ(pool.take(4), 0);
  EXPECT_EQ(pool.take(6), 4);
  EXPECT_EQ(pool.take(1), std::nullopt);
  pool.give_back(0, 4);
  pool.give_back(4, 6);
  EXPECT_EQ(pool.take(10), 0);
}

TEST(SlotPool, RefusesToTakeBackWhatIsFree) {
  SlotPool pool(10);
  EXPECT_THROW(pool.give_back(2, 3), Error);
}

TEST(SlotPool, RandomTrafficNeverHandsOutASlotTwice) {
  SlotPool pool(64);
  Rng rng(1);
  std::vector<std::pair<int64_t, int64_t>> held;
  std::set<int64_t> used;
  for (int step = 0; step < 5000; ++step) {
    if (rng.uniform() < 0.55) {
      const int64_t length = 1 + rng.below(9);
      if (const auto begin = pool.take(length)) {
        held.emplace_back(*begin, length);
        for (int64_t i = 0; i < length; ++i) ASSERT_TRUE(used.insert(*begin + i).second);
      }
    } else if (!held.empty()) {
      const auto index = rng.below(static_cast<int64_t>(held.size()));
      const auto [begin, length] = held[index];
      held.erase(held.begin() + index);
      pool.give_back(begin, length);
      for (int64_t i = 0; i < length; ++i) used.erase(begin + i);
    }
    ASSERT_EQ(pool.free_slots(), 64 - static_cast<int64_t>(used.size()));
  }
}

}  // namespace
}  // namespace xlt
