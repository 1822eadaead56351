// SPDX-License-Identifier: Apache-2.0
// Slopes and buckets against the numbers of transformers' BLOOM and T5.
#include "xlt/ops/attention/attention_bias.h"

#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

TEST(AttentionBias, SlopesAreThoseOfAlibi) {
  EXPECT_TRUE(alibi_slopes(8).allclose(
      at::tensor({0.5f, 0.25f, 0.125f, 0.0625f, 0.03125f, 0.015625f, 0.0078125f, 0.00390625f}), 1e-6));
  EXPECT_TRUE(
      alibi_slopes(6).allclose(at::tensor({0.25f, 0.0625f, 0.015625f, 0.00390625f, 0.5f, 0.125f}), 1e-6));
  EXPECT_NEAR(alibi_slopes(12)[8].item<double>(), 0.7071067690849304, 1e-6);
  EXPECT_THROW(alibi_slopes(0), Error);
}

TEST(AttentionBias, BucketsAreThoseOfT5) {
  const std::vector<std::pair<int64_t, int64_t>> both_ways = {
      {-200, 15}, {-128, 15}, {-64, 14}, {-32, 12}, {-16, 10}, {-15, 9}, {-8, 8},
      {-7, 7},    {-1, 1},    {0, 0},    {1, 17},   {7, 23},   {9, 24},  {15, 25},
      {16, 26},   {31, 27},   {32, 28},  {63, 29},  {90, 30},  {91, 31}};
  for (const auto& [distance, bucket] : both_ways) EXPECT_EQ(bucket_of(distance, {}), bucket) << distance;
  const std::vector<std::pair<int64_t, int64_t>> causal = {
      {-200, 31}, {-127, 31}, {-64, 26}, {-32, 21}, {-16, 16}, {-15, 15}, {-1, 1}, {0, 0}, {5, 0}};
  for (const auto& [distance, bucket] : causal)
    EXPECT_EQ(bucket_of(distance, {.is_causal = true}), bucket) << distance;
}

TEST(AttentionBias, ATableHoldsEveryDistancesWeight) {
  const at::Tensor weights = at::randn({3, 8});
  const DistanceBuckets buckets{.num_buckets = 8, .max_distance = 20};
  const at::Tensor table = bias_by_distance(weights, buckets);
  ASSERT_EQ(table.sizes(), (std::vector<int64_t>{3, 41}));
  for (int64_t distance = -20; distance <= 20; ++distance)
    EXPECT_TRUE(table.select(1, 20 + distance).equal(weights.select(1, bucket_of(distance, buckets))));
  // Beyond the table's ends nothing changes any more.
  for (const int64_t distance : {21, 1000}) {
    EXPECT_EQ(bucket_of(distance, buckets), bucket_of(20, buckets));
    EXPECT_EQ(bucket_of(-distance, buckets), bucket_of(-20, buckets));
  }
  EXPECT_THROW(bias_by_distance(weights, {.num_buckets = 9, .max_distance = 20}), Error);
  EXPECT_THROW(bias_by_distance(weights, {.num_buckets = 8, .max_distance = 2}), Error);
}

}  // namespace
}  // namespace xlt::ops
