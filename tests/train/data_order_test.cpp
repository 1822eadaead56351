// SPDX-License-Identifier: Apache-2.0
#include "train/data_order.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/rng.h"

namespace xlt {
namespace {

using testing::ElementsAre;
using Batches = std::vector<std::vector<int64_t>>;

TEST(SplitRows, TakesTheFirstOfNumpysPermutationRoundedUp) {
  const Split split = split_rows(21, 0.05, 42, /*file_order=*/false);
  const auto order = numpy_permutation(42, 21);
  EXPECT_THAT(split.test, ElementsAre(order[0], order[1]));  // ⌈1.05⌉ = 2
  ASSERT_EQ(split.train.size(), 19u);
  EXPECT_TRUE(std::equal(split.train.begin(), split.train.end(), order.begin() + 2));
}

TEST(SplitRows, KeepsFileOrderWhenAsked) {
  const Split split = split_rows(30, 0.2, 1, /*file_order=*/true);
  EXPECT_EQ(split.test.size(), 6u);
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
}

TEST(SplitRows, WithoutAFractionEverythingIsTrain) {
  EXPECT_THAT(split_rows(3, 0, 9, false).train, ElementsAre(0, 1, 2));
  EXPECT_TRUE(split_rows(3, 0, 9, false).test.empty());
}

TEST(DataOrder, CountsStepsAsTransformersDoes) {
  DataOrder order({.num_rows = 10, .batch_size = 3, .gradient_accumulation_steps = 2});
  EXPECT_EQ(order.batches_per_epoch(), 4);
  EXPECT_EQ(order.steps_per_epoch(), 2);
  EXPECT_EQ(order.total_steps(0, 3), 6);
  EXPECT_EQ(order.total_steps(0, 0.3), 1);
  EXPECT_EQ(order.total_steps(7, 3), 7);
  EXPECT_EQ(
      DataOrder({.num_rows = 1087, .batch_size = 1, .gradient_accumulation_steps = 4}).total_steps(0, 20),
      272 * 20);
}

TEST(DataOrder, TheLastStepOfAnEpochTakesWhatIsLeft) {
  DataOrder order({.num_rows = 10, .batch_size = 3, .gradient_accumulation_steps = 2, .shuffle = false});
  EXPECT_EQ(order.micro_batches(0), (Batches{{0, 1, 2}, {3, 4, 5}}));
  EXPECT_EQ(order.micro_batches(1), (Batches{{6, 7, 8}, {9}}));
  EXPECT_EQ(order.micro_batches(2), (Batches{{0, 1, 2}, {3, 4, 5}}));
  EXPECT_EQ(order.epoch_after(1), 0.5);
  EXPECT_EQ(order.epoch_after(4), 2.0);
}

TEST(DataOrder, ShufflesEachEpochAnewAndDependsOnSeedAndStepOnly) {
  DataOrder order({.num_rows = 12, .batch_size = 12, .seed = 3});
  const auto first = order.micro_batches(0), second = order.micro_batches(1);
  EXPECT_NE(first, second);
  std::vector<int64_t> sorted = first[0];
  std::sort(sorted.begin(), sorted.end());
  for (int64_t i = 0; i < 12; ++i) EXPECT_EQ(sorted[i], i);
  EXPECT_EQ(DataOrder({.num_rows = 12, .batch_size = 12, .seed = 3}).micro_batches(1), second);
  EXPECT_NE(DataOrder({.num_rows = 12, .batch_size = 12, .seed = 4}).micro_batches(0), first);
}

}  // namespace
}  // namespace xlt
