// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/multiplicity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// Sorted 0.005 0.01 0.03 0.04 times 4 3 2 1: 0.02 0.03 0.06 0.04, and no smaller than the one before.
TEST(Holm, StepsDown) {
  EXPECT_THAT(holm(std::vector{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-15), DoubleNear(0.06, 1e-15), DoubleNear(0.06, 1e-15),
                          DoubleNear(0.02, 1e-15)));
  EXPECT_THAT(holm(std::vector{0.7, 0.9}), ElementsAre(1, 1));
  EXPECT_TRUE(holm({}).empty());
}

// Sorted 0.005 0.01 0.03 0.04 times 4/1 4/2 4/3 4/4: 0.02 0.02 0.04 0.04.
TEST(BenjaminiHochberg, StepsUp) {
  EXPECT_THAT(benjamini_hochberg(std::vector{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.02, 1e-15), DoubleNear(0.04, 1e-15), DoubleNear(0.04, 1e-15),
                          DoubleNear(0.02, 1e-15)));
  EXPECT_THAT(benjamini_hochberg(std::vector{0.2}), ElementsAre(0.2));
}

}  // namespace
}  // namespace xlt
