// SPDX-License-Identifier: Apache-2.0
// Streams are pure functions of (key, position), and their numbers are what they should be.
#include "xlt/base/rng.h"

#include "base/base_testing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Known answers published with Random123 (Salmon et al.): zeros, ones, and digits of pi.
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {0, 0}), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

// From the FNV reference (Fowler, Noll, Vo): offset basis, "a", "foobar".
TEST(Hash64, IsFnv1a) {
  EXPECT_EQ(hash64(""), 0xcbf29ce484222325u);
  EXPECT_EQ(hash64("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(hash64("foobar"), 0x85944171f73967e8u);
}

// A block is four words: two numbers, low word first. With key 0 the first block is the known answer above.
TEST(Rng, NumbersAreTheWordsOfTheBlocks) {
  Rng rng(0);
  EXPECT_EQ(rng.next(), 0xe169c58d6627e8d5u);
  EXPECT_EQ(rng.next(), 0x9b00dbd8bc57ac4cu);
  const auto second = philox4x32({1, 0, 0, 0}, {0, 0});
  EXPECT_EQ(rng.next(), uint64_t{second[1]} << 32 | second[0]);
  EXPECT_EQ(rng.position(), 3u);
}

TEST(Rng, ANumberDependsOnItsPositionAlone) {
  Rng rng(17);
  std::vector<double> drawn(9);
  for (double& u : drawn) u = rng.uniform();
  for (size_t i = 0; i < drawn.size(); ++i) EXPECT_EQ(Rng(17).uniform_at(i), drawn[i]);
  Rng resumed(17);
  resumed.set_position(5);
  EXPECT_EQ(resumed.uniform(), drawn[5]);
  EXPECT_EQ(resumed.uniform_at(2), drawn[2]);
  EXPECT_EQ(resumed.position(), 6u);
}

TEST(Rng, ManyAtOnceAreTheNumbersOfOneAtATime) {
  Rng one(5), many(5);
  for (const size_t count : {3, 0, 4, 1, 1, 7, 2}) {  // from odd positions and from even ones
    std::vector<double> numbers(count);
    many.uniforms(numbers);
    for (const double number : numbers) EXPECT_EQ(number, one.uniform());
    EXPECT_EQ(many.position(), one.position());
  }
}

TEST(Rng, AForkDependsOnKeyAndNameAndNotOnWhatWasDrawn) {
  Rng rng(1);
  const uint64_t before = rng.fork("sampling").next();
  rng.next();
  EXPECT_EQ(rng.fork("sampling").next(), before);
  EXPECT_EQ(rng.fork("sampling").key(), rng.fork(hash64("sampling")).key());
}

TEST(Rng, ForksDoNotCollide) {
  std::set<uint64_t> keys;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    keys.insert(seed);
    for (uint64_t name = 0; name < 30; ++name) {
      keys.insert(Rng(seed).fork(name).key());
      keys.insert(Rng(seed).fork(name).fork(seed).key());
    }
  }
  EXPECT_EQ(keys.size(), 30u + 2 * 30u * 30u);
}

// 100,000 draws in 100 cells: chi-square with 99 degrees of freedom, 0.999 quantile 148.2.
TEST(Rng, UniformsFillTheUnitIntervalEvenly) {
  Rng rng = Rng(3).fork("even");
  std::vector<int> cells(100);
  for (int i = 0; i < 100'000; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++cells[static_cast<size_t>(u * 100)];
  }
  double chi_square = 0;
  for (int count : cells) chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  EXPECT_LT(chi_square, 148.2);
}

// Standard errors over n = 200,000: mean 1/√n = 0.0022, variance √(2/n) = 0.0032, fourth moment √(96/n) =
// 0.022.
TEST(Rng, NormalsHaveTheMomentsOfTheStandardNormal) {
  Rng rng(4);
  const int n = 200'000;
  double first = 0, second = 0, fourth = 0;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    first += x / n, second += x * x / n, fourth += x * x * x * x / n;
  }
  EXPECT_NEAR(first, 0, 0.009);
  EXPECT_NEAR(second, 1, 0.013);
  EXPECT_NEAR(fourth, 3, 0.09);
  EXPECT_EQ(rng.position(), 2u * n);  // two draws each, always
}

TEST(Rng, BelowIsEvenAlsoWhereTheLimitDividesNothing) {
  Rng rng(5);
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts.at(static_cast<size_t>(rng.below(7)));
  // Each count is binomial with mean 10,000 and deviation 92.6.
  for (int count : counts) EXPECT_NEAR(count, 10'000, 400);
  EXPECT_EQ(rng.below(1), 0);
  EXPECT_EQ(error_of([&] { rng.below(0); }).kind(), ErrorKind::kInternal);
}

// With limit 3 · 2^61, a plain remainder of 64 bits would fall below 2^62 three times out of four, not two of
// three.
TEST(Rng, BelowRejectsTheBiasedPart) {
  Rng rng(6);
  const int64_t limit = int64_t{3} << 61;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) low += rng.below(limit) < int64_t{1} << 62;
  EXPECT_NEAR(low / 30'000.0, 2.0 / 3, 0.014);  // five standard errors
}

TEST(Rng, APermutationHoldsEveryIndexOnceAndEveryOrderIsLikely) {
  Rng rng(7);
  std::vector<int> counts(6);  // the orders of three things
  for (int i = 0; i < 6'000; ++i) {
    const auto order = rng.permutation(3);
    EXPECT_THAT(order, testing::UnorderedElementsAre(0, 1, 2));
    ++counts[static_cast<size_t>(2 * order[0] + (order[1] > order[2]))];
  }
  for (int count : counts) EXPECT_NEAR(count, 1000, 150);  // five deviations of 28.9
  EXPECT_THAT(Rng(7).permutation(0), IsEmpty());
}

// numpy 2.4.6: default_rng(seed).permutation(n).
TEST(NumpyPermutation, IsNumpysForShortLists) {
  EXPECT_THAT(numpy_permutation(0, 10), ElementsAre(4, 6, 2, 7, 3, 5, 9, 0, 8, 1));
  EXPECT_THAT(numpy_permutation(1, 10), ElementsAre(8, 4, 7, 0, 1, 2, 5, 9, 6, 3));
  EXPECT_THAT(numpy_permutation(42, 10), ElementsAre(5, 6, 0, 7, 3, 2, 4, 9, 1, 8));
  EXPECT_THAT(numpy_permutation(123456789, 10), ElementsAre(7, 4, 0, 5, 3, 8, 2, 1, 6, 9));
  EXPECT_THAT(numpy_permutation((uint64_t{1} << 40) + 7, 10), ElementsAre(6, 2, 8, 7, 9, 3, 4, 1, 5, 0));
  EXPECT_THAT(numpy_permutation(0, 2), ElementsAre(0, 1));
  EXPECT_THAT(numpy_permutation(42, 2), ElementsAre(1, 0));
  EXPECT_THAT(numpy_permutation(42, 1), ElementsAre(0));
  EXPECT_THAT(numpy_permutation(42, 0), IsEmpty());
}

TEST(NumpyPermutation, IsNumpysForLongLists) {
  const auto digest = [](uint64_t seed, int64_t size) {
    std::string text;
    for (int64_t index : numpy_permutation(seed, size)) text += str_cat(index, "\n");
    return sha256(text);
  };
  EXPECT_EQ(digest(0, 1000), "1a61caaa8a0d082e1ddf22fe55e590f444c72863a9d440cc0b1a1878b92ef20c");
  EXPECT_EQ(digest(0, 1145), "dafe99680cf6e9f29a5692c3df76f08fd024a91aaebc0888d45cddda4341c543");
  EXPECT_EQ(digest(0, 100000), "899ea32ae47768d141a71ebb3fc9ea93a33184c76429255e4999401d3653221b");
  EXPECT_EQ(digest(1, 1000), "f91154f8147cfa60c335037a132351a917896192875765f013065b0116a3248f");
  EXPECT_EQ(digest(1, 1145), "411343538ac3353b8ffbe224c681974132f194e08deeac6273283619536f1030");
  EXPECT_EQ(digest(1, 100000), "e12d6b01547696fc279d639ea6684399dfaaeed1a6c07c9cb025cd16d1bfe502");
  EXPECT_EQ(digest(42, 1000), "08b12278c1bbd389ac0c5e2897d1b39cdbdcfe4990bb6cdef6ba2d2557bcf665");
  EXPECT_EQ(digest(42, 1145), "a6b40688a5be8be9e9500350bcd324c6ba8dcbcd66e2f5689d4cf4e76da370ae");
  EXPECT_EQ(digest(42, 100000), "6b841cb661215fa74998f00b2c96ddafeb3fe8b669943e5452974cdd094c64db");
  EXPECT_EQ(digest(123456789, 1000), "fd2685071f6dea5178f5fff65f05626f9c7e65b6c020c785b220a8ebdd487b1c");
  EXPECT_EQ(digest(123456789, 1145), "9471788f747c3310c8e5f0b92c9350eaaabd8e03a9a9aad8c4dfd5e8c3bcf3d6");
  EXPECT_EQ(digest(123456789, 100000), "3313a316b740f37838c5d8383184295c6c034ff302f4c187c8f238f465845cbe");
  EXPECT_EQ(digest((uint64_t{1} << 40) + 7, 1000),
            "1bd6438984c82b686d0b97b32fa77e6c1f8ea2420fcf7e222d31967af6d73ea9");
  EXPECT_EQ(digest((uint64_t{1} << 40) + 7, 1145),
            "559aecce3cffa5f964379de72c6e24772878c5aa9628999d75a0a0ead040ecc4");
  EXPECT_EQ(digest((uint64_t{1} << 40) + 7, 100000),
            "8e344decc060c4162efba1d0d849ef072302e663656a9fa0504236eb7f9cd998");
}

}  // namespace
}  // namespace xlt
