// SPDX-License-Identifier: Apache-2.0
// Which texts go in circles.
#include "eval/repetition.h"

#include <gtest/gtest.h>

#include "xlt/text/segmentation.h"

namespace xlt {
namespace {

bool repeats(const char* text) { return ends_in_repetition(split_words(text, "en")); }

TEST(Repetition, IsAPhraseOfTwoWordsThreeTimesAtTheEnd) {
  EXPECT_TRUE(repeats("so it is, it is, it is"));
  EXPECT_TRUE(repeats("and the cat sat the cat sat the cat sat"));
  EXPECT_TRUE(repeats("ha ha ha ha ha ha"));
  EXPECT_TRUE(repeats("the cat the cat the cat the"));  // cut off inside the phrase: "cat the" three times
  EXPECT_FALSE(repeats("ha ha ha ha ha"));
  EXPECT_FALSE(repeats("it is, it is"));
  EXPECT_FALSE(repeats("it is it is it is over"));
  EXPECT_FALSE(repeats("one two three four five six"));
  EXPECT_FALSE(repeats(""));
}

}  // namespace
}  // namespace xlt
