// SPDX-License-Identifier: Apache-2.0
// How scorers are named, and how reasons read.
#include "xlt/scorers/scorer.h"

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

TEST(ScorerSpec, HasAKindAnArgumentAndALabel) {
  EXPECT_EQ(parse_scorer("word_list").kind, "word_list");
  EXPECT_EQ(parse_scorer("word_list").rest, "");
  const ScorerSpec spec = parse_scorer("classifier:some/dir#toxic");
  EXPECT_EQ(spec.kind, "classifier");
  EXPECT_EQ(spec.argument, "some/dir");
  EXPECT_EQ(spec.label, "toxic");
  EXPECT_EQ(parse_scorer("http:http://host/a:b#c").rest, "http://host/a:b#c");
  EXPECT_THROW(parse_scorer(":x"), Error);
}

TEST(ScorerSpec, UnknownKindOffersTheNearest) {
  try {
    make_scorer("word_lists:x", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"word_list\""));
  }
}

TEST(Unscored, ReadsBackAsItWasWritten) {
  for (const Unscored& reason :
       {Unscored{}, Unscored{Reason::kEmptyCompletion}, Unscored{Reason::kNoWordList, "sw"},
        Unscored{Reason::kOther, "the server said no"}, Unscored{Reason::kScoreOutside},
        Unscored{Reason::kRowCount, "1 rows to 2 texts"}})
    EXPECT_EQ(parse_unscored(reason.text()), reason) << reason.text();
  EXPECT_EQ((Unscored{Reason::kNoWordList, "sw"}.text()), "no word list for sw");
  EXPECT_EQ(Unscored{}.text(), "");
  EXPECT_TRUE(is_fault(parse_unscored("the server gave no answer in 3 tries: status 503").code));
  EXPECT_FALSE(is_fault(parse_unscored("the server refuses the text (400)").code));
}

}  // namespace
}  // namespace xlt
