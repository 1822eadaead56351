// SPDX-License-Identifier: Apache-2.0
// The same code in a world of one and of many.
#include "xlt/parallel/parallel.h"

#include "parallel/thread_world.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SingleWorld, IsAWorldOfOne) {
  const auto world = make_single_world();
  EXPECT_EQ(world->rank(), 0);
  EXPECT_EQ(world->world_size(), 1);
  EXPECT_EQ(world->local_rank(), 0);
  EXPECT_TRUE(world->is_first());
  std::vector<float> values = {1.5F, -2};
  world->all_reduce(values);
  EXPECT_THAT(values, ElementsAre(1.5F, -2));
  std::string bytes = "kept";
  world->broadcast(bytes, 0);
  EXPECT_EQ(bytes, "kept");
  EXPECT_THAT(world->all_gather("mine"), ElementsAre("mine"));
  EXPECT_THAT(share_of(3, *world), ElementsAre(0, 1, 2));
  EXPECT_THROW(world->broadcast(bytes, 1), Error);
}

class Ranks : public testing::TestWithParam<int64_t> {};

TEST_P(Ranks, SumsAreTheSameOnEveryRank) {
  const int64_t n = GetParam();
  run_ranks(n, [&](World& world) {
    for (int turn = 0; turn < 20; ++turn) {  // one meeting must not run into the next
      const double one = static_cast<double>(world.rank() + 1 + turn);
      std::vector<double> doubles = {one, one * one, 0.25};
      std::vector<float> floats = {static_cast<float>(one)};
      world.all_reduce(doubles);
      world.all_reduce(floats);
      double sum = 0, squares = 0;
      for (int64_t rank = 0; rank < n; ++rank) {
        const auto value = static_cast<double>(rank + 1 + turn);
        sum += value;
        squares += value * value;
      }
      EXPECT_THAT(doubles, ElementsAre(sum, squares, 0.25 * static_cast<double>(n)));
      EXPECT_THAT(floats, ElementsAre(static_cast<float>(sum)));
    }
  });
}

TEST_P(Ranks, SharesPartTheItems) {
  for (const int64_t count : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{12}}) {
    std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
    run_ranks(GetParam(), [&](World& world) {
      const auto share = share_of(count, world);
      EXPECT_LE(static_cast<int64_t>(share.size()), (count + world.world_size() - 1) / world.world_size());
      for (const int64_t i : share) ++seen[static_cast<size_t>(i)];
    });
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
  }
}

TEST_P(Ranks, BytesOfEveryRankReachAll) {
  run_ranks(GetParam(), [&](World& world) {
    const auto all = world.all_gather(std::string(static_cast<size_t>(world.rank()), 'x'));
    ASSERT_EQ(static_cast<int64_t>(all.size()), world.world_size());
    for (size_t rank = 0; rank < all.size(); ++rank) EXPECT_EQ(all[rank], std::string(rank, 'x'));
  });
}

TEST_P(Ranks, TheFirstWritesAndTheOthersComeAfter) {
  std::atomic<int> written = 0;
  run_ranks(GetParam(), [&](World& world) {
    on_first_rank(world, [&] { ++written; });
    EXPECT_EQ(written, 1);
  });
}

TEST_P(Ranks, AnErrorOfTheFirstIsEverybodys) {
  std::atomic<int> thrown = 0;
  run_ranks(GetParam(), [&](World& world) {
    try {
      on_first_rank(world, [] { throw Error(ErrorKind::kIo, "disk 1 of 2 is full", "out/report 1.json"); });
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kIo);
      EXPECT_EQ(error.message(), "disk 1 of 2 is full");
      EXPECT_EQ(error.context(), "out/report 1.json");
      ++thrown;
    }
  });
  EXPECT_EQ(thrown, GetParam());
}

TEST_P(Ranks, AnErrorOfTheLastIsEverybodys) {
  std::atomic<int> thrown = 0;
  run_ranks(GetParam(), [&](World& world) {
    std::exception_ptr error;
    throw_on_all_ranks(world, error);
    if (world.rank() == world.world_size() - 1)
      error = std::make_exception_ptr(Error(ErrorKind::kNumerics, "not finite"));
    try {
      throw_on_all_ranks(world, error);
    } catch (const Error& caught) {
      EXPECT_EQ(caught.kind(), ErrorKind::kNumerics);
      EXPECT_STREQ(caught.what(), "not finite");
      ++thrown;
    }
  });
  EXPECT_EQ(thrown, GetParam());
}

TEST_P(Ranks, WhatTheFirstFindsReachesAll) {
  run_ranks(GetParam(), [&](World& world) {
    EXPECT_EQ(found_by_first_rank(world, [] { return std::string("early"); }), "early");
    EXPECT_EQ(found_by_first_rank(world, [] { return std::string(); }), "");
  });
}

TEST_P(Ranks, WhatOneThrowsAllShare) {
  std::atomic<int> shared = 0;
  run_ranks(GetParam(), [&](World& world) {
    try {
      on_all_ranks(world, [&] {
        if (world.rank() == world.world_size() - 1) throw Error(ErrorKind::kData, "bad row", "x.jsonl:2");
      });
    } catch (const SharedError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_EQ(error.context(), "x.jsonl:2");
      ++shared;
    } catch (const Error&) {  // of a single process, as it was thrown
      EXPECT_EQ(world.world_size(), 1);
      ++shared;
    }
  });
  EXPECT_EQ(shared, GetParam());
}

TEST_P(Ranks, BlocksPartTheNumbersInOrder) {
  for (const int64_t count : {0, 1, 2, 5, 6, 12, 17}) {
    int64_t end = 0, most = 0, least = count;
    for (int64_t rank = 0; rank < GetParam(); ++rank) {
      const Block block = block_of(count, rank, GetParam());
      EXPECT_EQ(block.begin, end);
      end += block.count;
      most = std::max(most, block.count);
      least = std::min(least, block.count);
    }
    EXPECT_EQ(end, count);
    EXPECT_LE(most - least, 1 + (GetParam() == 3)) << count;
  }
}

// Numbers whose sum depends on the order in which it is taken.
double sum_by_halves(const std::vector<double>& values, int64_t begin, int64_t count) {
  if (count == 0) return -0.0;  // nothing: x + −0 is x for every x
  if (count == 1) return values[static_cast<size_t>(begin)];
  const int64_t half = first_half(count);
  return sum_by_halves(values, begin, half) + sum_by_halves(values, begin + half, count - half);
}

TEST(Blocks, GiveOneSumForAnyPowerOfTwo) {
  std::vector<double> values;
  for (int i = 0; i < 23; ++i) values.push_back(std::pow(-1.7, i) / 3);
  for (const int64_t count : {1, 2, 3, 5, 8, 12, 23}) {
    const double whole = sum_by_halves(values, 0, count);
    for (const int64_t ranks : {1, 2, 4, 8})
      run_ranks(ranks, [&](World& world) {
        const Block block = block_of(count, world.rank(), ranks);
        std::vector<double> sum = {sum_by_halves(values, block.begin, block.count)};
        world.all_reduce(sum);
        EXPECT_EQ(std::bit_cast<uint64_t>(sum[0]), std::bit_cast<uint64_t>(whole))
            << count << " on " << ranks;
      });
  }
}

// What data-parallel training comes to: gradients summed over shares equal those of the whole batch.
TEST_P(Ranks, GradientsOfSharesSumToThatOfTheBatch) {
  const std::vector<double> rows = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const double whole = std::accumulate(rows.begin(), rows.end(), 0.0);
  run_ranks(GetParam(), [&](World& world) {
    std::vector<double> gradient = {0, 0};  // sum and count
    for (const int64_t i : share_of(static_cast<int64_t>(rows.size()), world)) {
      gradient[0] += rows[static_cast<size_t>(i)];
      gradient[1] += 1;
    }
    world.all_reduce(gradient);
    EXPECT_THAT(gradient, ElementsAre(whole, 12.0));
  });
}

INSTANTIATE_TEST_SUITE_P(World, Ranks, testing::Values(1, 2, 3, 8));

}  // namespace
}  // namespace xlt
