// SPDX-License-Identifier: Apache-2.0
// Which parts a plan makes, which plans are left to our own kernels, and what is kept with a plan.
#include "ops/attention/flash_parts.h"

#include "ops/attention/flash_attention.h"
#include "ops/attention/flash_forests.h"

#include <atomic>
#include <thread>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/ops/attention/segment_attention.h"

namespace xlt::ops {
namespace {

using Rows = std::vector<int32_t>;

TEST(FlashParts, TextsAreOneCausalPart) {
  const auto parts = flash_parts(*forest({{-1, 3}, {-1, 2}}));
  ASSERT_EQ(parts.size(), 1);
  EXPECT_TRUE(parts[0].is_causal && parts[0].queries.are_consecutive() && parts[0].keys.are_consecutive());
  EXPECT_EQ(parts[0].queries.begins, (Rows{0, 3, 5}));
  EXPECT_EQ(parts[0].keys.begins, (Rows{0, 3, 5}));
  EXPECT_EQ(parts[0].queries.longest, 3);
}

TEST(FlashParts, BranchesOfAPromptReadItInOneSequence) {
  const auto parts = flash_parts(*forest({{-1, 3}, {0, 2}, {0, 4}}));
  ASSERT_EQ(parts.size(), 2);
  EXPECT_FALSE(parts[1].is_causal);
  EXPECT_EQ(parts[1].queries.rows, (Rows{3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(parts[1].queries.begins, (Rows{0, 6}));
  EXPECT_EQ(parts[1].keys.rows, (Rows{0, 1, 2}));
  EXPECT_EQ(parts[1].queries.longest, 6);
  EXPECT_EQ(parts[1].keys.longest, 3);
}

TEST(FlashParts, BranchesThatLieApartAreGathered) {
  const auto parts = flash_parts(*forest({{-1, 2}, {-1, 1}, {0, 1}, {1, 1}, {0, 1}}));
  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[1].queries.rows, (Rows{3, 5, 4}));
  EXPECT_EQ(parts[1].queries.begins, (Rows{0, 2, 3}));
  EXPECT_EQ(parts[1].keys.rows, (Rows{0, 1, 2}));
  EXPECT_EQ(parts[1].keys.begins, (Rows{0, 2, 3}));
}

TEST(FlashParts, RowsThatFollowOneAnotherAreNoCopy) {
  const DeviceParts parts = device_parts(*forest({{-1, 3}, {0, 2}, {0, 4}}), at::kCPU);
  const at::Tensor x = at::arange(9);
  for (const DevicePart& part : parts.parts) {
    EXPECT_TRUE(part.queries.of(x).is_alias_of(x) && part.keys.of(x).is_alias_of(x));
  }
  const DeviceParts apart = device_parts(*forest({{-1, 2}, {-1, 2}}, {0, 5}), at::kCPU);
  EXPECT_TRUE(apart.parts[0].keys.of(x).equal(at::tensor({0, 1, 5, 6}, at::kLong)));
}

TEST(FlashParts, WhatAnotherKernelDoesBetterOrAloneFallsBack) {
  const auto plan = forest({{-1, 40}, {0, 9}, {0, 33}});
  EXPECT_TRUE(fits_flash(*plan, {}));
  EXPECT_TRUE(fits_flash(*plan, {.window = 73}));  // the longest text is of 73
  EXPECT_FALSE(fits_flash(*plan, {.window = 72}));
  EXPECT_FALSE(fits_flash(*plan, {.softcap = 30}));
  EXPECT_FALSE(fits_flash(*plan, {.is_causal = false}));
  AttentionOptions biased;
  biased.bias.slopes = alibi_slopes(2);
  EXPECT_FALSE(fits_flash(*plan, biased));
  EXPECT_FALSE(fits_flash(*forest({{-1, 1}, {-1, 1}, {-1, 1}}, {7, 30, 50}), {}));  // a decoding step
  EXPECT_FALSE(fits_flash(AttentionPlan(), {}));
  std::vector<Node> chain = {{-1, 5}};
  for (int64_t i = 0; i < kMostFlashLevels; ++i) chain.push_back({i, 5});
  EXPECT_TRUE(fits_flash(*forest(chain), {}));
  chain.push_back({kMostFlashLevels, 5});
  EXPECT_FALSE(fits_flash(*forest(chain), {}));
}

TEST(FlashParts, OtherTensorsFallBack) {
  const auto plan = forest({{-1, 40}});
  const at::Tensor half = at::zeros({40, 2, 8}, at::kHalf);
  EXPECT_FALSE(runs_on_flash(half, half, half, *plan, {}));  // on a CPU
}

// ---- what is kept with a plan

TEST(PlanCache, KeepsOneOfEachAndACopyOfAPlanKeepsNone) {
  const auto plan = forest({{-1, 3}, {0, 2}});
  const auto parts = device_parts_of(*plan, at::kCPU);
  EXPECT_EQ(device_parts_of(*plan, at::kCPU), parts);
  AttentionPlan copy = *plan;
  copy.segments.pop_back();
  EXPECT_NE(device_parts_of(copy, at::kCPU), parts);
  EXPECT_EQ(device_parts_of(copy, at::kCPU)->parts.size(), 1);
  int made = 0;
  const auto number = [&](int variant) {
    return *plan->cache.get<int>(at::kCPU, variant, [&] { return ++made; });
  };
  EXPECT_EQ(number(0), 1);
  EXPECT_EQ(number(1), 2);
  EXPECT_EQ(number(0), 1);
  copy = *plan;
  EXPECT_EQ(device_parts_of(copy, at::kCPU)->parts.size(), 2);
}

TEST(PlanCache, ThreadsThatAskAtOnceGetWhatOneOfThemMade) {
  const PlanCache cache;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] { EXPECT_EQ(*cache.get<int>(at::kCPU, 0, [&] { return ++made; }), 1); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace xlt::ops
