// SPDX-License-Identifier: Apache-2.0
#include "train/data_order.h"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
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
}

// The published runs: 1,087 pairs × 20 epochs end at step 5,420 = 20 · ⌊1,087 / 4⌋, 23,347 pairs at 5,836,
// and 94,966 texts in batches of 4 at 23,742 = ⌈94,966 / 4⌉.
TEST(DataOrder, F8StepsAreCountedDownwardsWhenAskedAndUpwardsByDefault) {
  const auto order = [](int64_t num_rows, LastAccumulation last) {
    return DataOrder({.num_rows = num_rows, .gradient_accumulation_steps = 4, .last_accumulation = last});
  };
  EXPECT_EQ(order(1087, LastAccumulation::kDrop).total_steps(0, 20), 5420);
  EXPECT_EQ(order(23347, LastAccumulation::kDrop).total_steps(0, 1), 5836);
  EXPECT_EQ(order(1087, LastAccumulation::kShortStep).total_steps(0, 20), 5440);
  EXPECT_EQ(order(23347, LastAccumulation::kShortStep).total_steps(0, 1), 5837);
  EXPECT_EQ(DataOrderOptions().last_accumulation, LastAccumulation::kShortStep);
  for (const LastAccumulation last : {LastAccumulation::kDrop, LastAccumulation::kShortStep})
    EXPECT_EQ(DataOrder({.num_rows = 94966, .batch_size = 4, .last_accumulation = last}).total_steps(0, 1),
              23742);
}

TEST(DataOrder, F8BatchesThatDoNotFillAStepAreLeftOut) {
  DataOrder order({.num_rows = 5,
                   .gradient_accumulation_steps = 2,
                   .shuffle = false,
                   .last_accumulation = LastAccumulation::kDrop});
  EXPECT_EQ(order.micro_batches(1), (Batches{{2}, {3}}));
  EXPECT_EQ(order.micro_batches(2), (Batches{{0}, {1}}));  // the next epoch
  EXPECT_EQ(order.epoch_after(1), 0.4);
  EXPECT_EQ(order.epoch_after(2), 1.0);
  // Fewer batches than a step takes: one step of what there is, not none.
  DataOrder small({.num_rows = 3,
                   .gradient_accumulation_steps = 4,
                   .shuffle = false,
                   .last_accumulation = LastAccumulation::kDrop});
  EXPECT_EQ(small.steps_per_epoch(), 1);
  EXPECT_EQ(small.micro_batches(0), (Batches{{0}, {1}, {2}}));
}

TEST(DataOrder, EndlessBatchesAreFullAndGoRound) {
  DataOrder order({.num_rows = 3, .batch_size = 2, .shuffle = false});
  EXPECT_THAT(order.endless_batch(0), ElementsAre(0, 1));
  EXPECT_THAT(order.endless_batch(1), ElementsAre(2, 0));
  EXPECT_THAT(order.endless_batch(2), ElementsAre(1, 2));
  // The same rows whether 4 are taken at a time or 2.
  DataOrder small({.num_rows = 5, .batch_size = 2, .seed = 1}),
      large({.num_rows = 5, .batch_size = 4, .seed = 1});
  for (int64_t batch = 0; batch < 4; ++batch) {
    std::vector<int64_t> both = small.endless_batch(2 * batch);
    const std::vector<int64_t> second = small.endless_batch(2 * batch + 1);
    both.insert(both.end(), second.begin(), second.end());
    EXPECT_EQ(large.endless_batch(batch), both);
  }
}

TEST(DataOrder, ExtremeSizesDoNotOverflow) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  DataOrder order(
      {.num_rows = 3, .batch_size = kMost, .gradient_accumulation_steps = kMost, .shuffle = false});
  EXPECT_EQ(order.batches_per_epoch(), 1);
  EXPECT_EQ(order.micro_batches(5), (Batches{{0, 1, 2}}));
  EXPECT_EQ(order.epoch_after(5), 5.0);
  EXPECT_EQ(order.total_steps(kMost, 1), kMost);
  EXPECT_THROW(order.total_steps(0, 1e300), Error);
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
