// SPDX-License-Identifier: Apache-2.0
// dtypes and devices by name.
#include "xlt/base/placement.h"

#include "base/base_testing.h"

#include <gtest/gtest.h>

namespace xlt {
namespace {

TEST(DType, NamesGoThereAndBack) {
  for (const char* name : {"float32", "bfloat16", "float16", "float64"})
    EXPECT_STREQ(name_of(parse_dtype(name)), name);
}

TEST(DType, AMissOffersTheNearest) {
  const Error error = error_of([] { parse_dtype("bloat16"); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_STREQ(error.what(),
               "unknown dtype \"bloat16\"; did you mean \"bfloat16\"? available: float32, bfloat16, float16");
}

TEST(Placement, IsNamedAsOnTheCommandLine) {
  EXPECT_EQ(name_of(Placement{}), "cpu");
  EXPECT_EQ(name_of(Placement{true, 1, DType::kBFloat16}), "cuda:1");
}

}  // namespace
}  // namespace xlt
