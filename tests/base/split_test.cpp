// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/split.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("cpu,", ','), ElementsAre("cpu", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split("a,b", ':'), ElementsAre("a,b"));
}

}  // namespace
}  // namespace xlt
