// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

double factor(const char* name, int64_t step, int64_t warmup, int64_t total) {
  return find_schedule(name).factor(step, {warmup, total});
}

TEST(Schedule, ConstantIgnoresWarmup) { EXPECT_EQ(factor("constant", 0, 10, 100), 1.0); }

TEST(Schedule, ConstantWithWarmupRisesFromZero) {
  EXPECT_EQ(factor("constant_with_warmup", 0, 4, 100), 0.0);
  EXPECT_EQ(factor("constant_with_warmup", 3, 4, 100), 0.75);
  EXPECT_EQ(factor("constant_with_warmup", 4, 4, 100), 1.0);
  EXPECT_EQ(factor("constant_with_warmup", 0, 0, 100), 1.0);
}

TEST(Schedule, LinearReachesZeroAtTheLastStep) {
  EXPECT_EQ(factor("linear", 1, 2, 10), 0.5);
  EXPECT_EQ(factor("linear", 2, 2, 10), 1.0);
  EXPECT_EQ(factor("linear", 6, 2, 10), 0.5);
  EXPECT_EQ(factor("linear", 9, 2, 10), 0.125);
  EXPECT_EQ(factor("linear", 10, 2, 10), 0.0);
  EXPECT_EQ(factor("linear", 11, 2, 10), 0.0);
  EXPECT_EQ(factor("linear", 5, 5, 5), 0.0);  // no step left to decay over
}

TEST(Schedule, UnknownNameIsAUsageError) { EXPECT_THROW(find_schedule("lineal"), Error); }

}  // namespace
}  // namespace xlt
