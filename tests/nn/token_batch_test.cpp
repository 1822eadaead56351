// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/token_batch.h"

#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;

TEST(TokenBatch, ChildrenStandAfterTheirParent) {
  TokenBatch batch;
  const int64_t prompt = batch.add(Ids{1, 2, 3});
  const int64_t chosen = batch.add(Ids{4, 5}, prompt);
  const int64_t rejected = batch.add(Ids{6}, prompt);
  EXPECT_EQ(batch.position_ids(), (Ids{0, 1, 2, 3, 4, 3}));
  EXPECT_EQ(batch.last_token(chosen), 4);
  EXPECT_EQ(batch.last_token(rejected), 5);
  const auto plan = batch.attention_plan();
  // The rejected answer sees the prompt's three rows and its own, not the chosen answer's.
  EXPECT_EQ(plan->segments[2].spans, (std::vector<ops::Span>{{0, 3}, {5, 1}}));
  EXPECT_EQ(plan->tree_begins, (Ids{0}));
}

TEST(TokenBatch, GrandchildrenSeeTheWholeChain) {
  TokenBatch batch;
  const int64_t a = batch.add(Ids{1});
  const int64_t b = batch.add(Ids{2, 3}, a);
  batch.add(Ids{9});
  const int64_t c = batch.add(Ids{4}, b);
  EXPECT_EQ(batch.attention_plan()->segments[c].spans, (std::vector<ops::Span>{{0, 1}, {1, 2}, {4, 1}}));
  // A child of the first tree stands after the second root: the trees interleave and count as one.
  EXPECT_EQ(batch.attention_plan()->tree_begins, (Ids{0}));
}

TEST(TokenBatch, CacheSlotsFollowTheSegments) {
  TokenBatch batch;
  batch.add_cached(Ids{1, 2, 3}, {}, 10);
  batch.add_cached(Ids{4}, {{0, 5}}, 7);
  EXPECT_EQ(batch.cache_slots(), (Ids{10, 11, 12, 7}));
  batch.add(Ids{5});
  EXPECT_THROW(batch.cache_slots(), Error);
}

TEST(TokenBatch, RootsAreIndependentTrees) {
  TokenBatch batch;
  batch.add(Ids{2}, batch.add(Ids{1}));
  batch.add(Ids{3});
  EXPECT_EQ(batch.attention_plan()->tree_begins, (Ids{0, 2}));
}

TEST(TokenBatch, CachedSegmentsReadAndWriteSlots) {
  TokenBatch batch;
  batch.add_cached(Ids{7}, {{10, 4}, {30, 2}}, 32);
  EXPECT_EQ(batch.position_ids(), (Ids{6}));
  EXPECT_EQ(batch.attention_plan()->segments[0].spans, (std::vector<ops::Span>{{10, 4}, {30, 2}, {32, 1}}));
}

TEST(TokenBatch, RefusesEmptySegmentsAndUnknownParents) {
  TokenBatch batch;
  EXPECT_THROW(batch.add(Ids{}), Error);
  EXPECT_THROW(batch.add(Ids{1}, 0), Error);
}

}  // namespace
}  // namespace xlt
