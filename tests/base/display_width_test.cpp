// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/display_width.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("→–é"), 3);
  EXPECT_EQ(display_width("中文ab"), 6);
  EXPECT_EQ(display_width("한국"), 4);
  EXPECT_EQ(display_width("e\xCC\x81"), 1);  // combining accent
  EXPECT_EQ(display_width("हिन्दी"), 5);      // the virama joins, the vowel signs that space count
}

TEST(AlignedLines, StandBelowEachOtherAndEndInNoSpace) {
  EXPECT_THAT(aligned_lines({{"", "中文", "n"}, {"en", "español", "12"}, {"fr", "é", ""}}),
              testing::ElementsAre("    中文     n", "en  español  12", "fr  é"));
  EXPECT_THAT(aligned_lines({{"a"}, {"b", "c"}, {}}), testing::ElementsAre("a", "b  c", ""));
  EXPECT_THAT(aligned_lines({}), testing::IsEmpty());
}

}  // namespace
}  // namespace xlt
