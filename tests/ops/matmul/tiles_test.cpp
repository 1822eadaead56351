// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/tiles.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {
namespace {

uint32_t pair_of(float first, float second) {
  return std::bit_cast<uint32_t>(first) >> 16 | (std::bit_cast<uint32_t>(second) & 0xffff0000u);
}

// A single sum: C + Σ of `lanes` pairs.
float sum_of(const uint32_t* a, const uint32_t* b, int64_t lanes, float c) {
  ModelTiles tiles;
  TileConfig config;
  config.set(kC00, 1, 4);
  config.set(kA0, 1, lanes * 4);
  config.set(kB0, lanes, 4);
  tiles.configure(config);
  tiles.load<kC00>(&c, 4);
  tiles.load<kA0>(a, 64);
  tiles.load<kB0>(b, 4);
  tiles.multiply<kC00, kA0, kB0>();
  tiles.store<kC00>(&c, 4);
  return c;
}

TEST(ModelTiles, SumsProductsOfPairsBesideWhatWasThere) {
  const uint32_t a[] = {pair_of(1, 2), pair_of(3, 4)}, b[] = {pair_of(5, 6), pair_of(7, 8)};
  EXPECT_EQ(sum_of(a, b, 2, 0.5f), 5 + 12 + 21 + 32 + 0.5f);
  EXPECT_EQ(sum_of(a, b, 1, 0), 17);
}

// First elements are one chain, second ones another, and C comes last: each order gives another sum.
TEST(ModelTiles, SumsInTheOrderOfTheManual) {
  const float large = 0x1p24f;
  const uint32_t a[] = {pair_of(large, 1), pair_of(1, -large)}, b[] = {pair_of(1, 1), pair_of(1, 1)};
  // (2^24 + 1 → 2^24) + (1 − 2^24 → −(2^24 − 1)) = 1; in one chain it would be 2 or 0.
  EXPECT_EQ(sum_of(a, b, 2, 0), 1);
  EXPECT_EQ(sum_of(a, b, 2, large), large);  // (2^24 + 1) rounds to even
}

TEST(ModelTiles, TakesSubnormalNumbersForZeros) {
  const float tiny = std::bit_cast<float>(0x00400000u), small = 0x1p-126f;
  const uint32_t a[] = {pair_of(tiny, 0)}, one[] = {pair_of(1, 0)}, half[] = {pair_of(0.5f, 0)},
                 least[] = {pair_of(small, 0)};
  EXPECT_EQ(sum_of(a, one, 1, 0), 0);
  EXPECT_EQ(sum_of(least, one, 1, 0), small);
  EXPECT_EQ(sum_of(least, half, 1, 0), 0);
  EXPECT_EQ(sum_of(one, one, 1, tiny), 1);
}

TEST(ModelTiles, KeepsWhatIsNotFinite) {
  const uint32_t a[] = {pair_of(std::numeric_limits<float>::infinity(), 0)}, one[] = {pair_of(1, 0)};
  EXPECT_EQ(sum_of(a, one, 1, 0), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(sum_of(a, one, 1, -std::numeric_limits<float>::infinity())));
}

TEST(ModelTiles, RefusesTilesThatDoNotFit) {
  ModelTiles tiles;
  TileConfig config;
  config.set(kC00, 4, 16);
  config.set(kA0, 4, 8);
  config.set(kB0, 3, 16);
  tiles.configure(config);
  EXPECT_THROW((tiles.multiply<kC00, kA0, kB0>()), Error);
}

// A processor without them is never taken to have them; one with them may still be refused their state.
TEST(Tiles, AreNotThereWithoutTheProcessors) {
#ifdef XLT_HAS_AVX_KERNELS
  if (__builtin_cpu_supports("amx-bf16")) GTEST_SKIP() << "this processor has tiles";
#endif
  EXPECT_FALSE(has_tiles());
  EXPECT_NE(bfloat16_unit(), "tiles (AMX)");
}

}  // namespace
}  // namespace xlt::ops
