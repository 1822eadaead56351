// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/runs.h"

#include <utility>

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;

std::vector<std::pair<int64_t, int64_t>> pairs(const std::vector<Run>& runs) {
  std::vector<std::pair<int64_t, int64_t>> result;
  for (const Run& run : runs) result.emplace_back(run.first, run.end());
  return result;
}

TEST(Runs, TheLastOneIsShort) {
  EXPECT_THAT(pairs(runs_of(7, 3)), ElementsAre(std::pair(0, 3), std::pair(3, 6), std::pair(6, 7)));
  EXPECT_THAT(pairs(runs_of(6, 3)), ElementsAre(std::pair(0, 3), std::pair(3, 6)));
}

TEST(Runs, EvenOnesAreAsFewAndNoLongerThanAsked) {
  EXPECT_THAT(pairs(even_runs_of(7, 6)), ElementsAre(std::pair(0, 4), std::pair(4, 7)));
  EXPECT_THAT(pairs(even_runs_of(6, 6)), ElementsAre(std::pair(0, 6)));
  for (int64_t total = 1; total < 60; ++total) {
    const auto runs = even_runs_of(total, 7);
    EXPECT_EQ(runs.size(), (total + 6) / 7) << total;
    EXPECT_EQ(runs.back().end(), total);
  }
}

TEST(Runs, NothingIsNoRun) {
  EXPECT_TRUE(runs_of(0, 3).empty());
  EXPECT_TRUE(even_runs_of(0, 3).empty());
}

}  // namespace
}  // namespace xlt
