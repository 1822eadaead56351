// SPDX-License-Identifier: Apache-2.0
// Errors say where and what, and map to the exit codes that the command line promises.
#include "xlt/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/version.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(Error, WhatPutsThePlaceBeforeTheMessage) {
  const Error error(ErrorKind::kData, "not valid UTF-8", "pairs.jsonl:17");
  EXPECT_STREQ(error.what(), "pairs.jsonl:17: not valid UTF-8");
  EXPECT_EQ(error.message(), "not valid UTF-8");
  EXPECT_EQ(error.context(), "pairs.jsonl:17");
  EXPECT_EQ(error.kind(), ErrorKind::kData);
}

TEST(Error, WhatIsTheMessageAloneWithoutAPlace) {
  EXPECT_STREQ(Error(ErrorKind::kUsage, "unknown command").what(), "unknown command");
}

TEST(Error, KindsMapToTheExitCodesOfTheContract) {
  EXPECT_EQ(exit_code(ErrorKind::kUsage), 2);
  for (ErrorKind kind : {ErrorKind::kConfig, ErrorKind::kData, ErrorKind::kCheckpoint,
                         ErrorKind::kUnsupported, ErrorKind::kIo})
    EXPECT_EQ(exit_code(kind), 3) << name_of(kind);
  EXPECT_EQ(exit_code(ErrorKind::kNumerics), 1);
  EXPECT_EQ(exit_code(ErrorKind::kInternal), 1);
  EXPECT_EQ(exit_code(ErrorKind::kInterrupted), 130);
}

TEST(Error, KindsHaveTheirNames) {
  EXPECT_STREQ(name_of(ErrorKind::kUsage), "usage");
  EXPECT_STREQ(name_of(ErrorKind::kConfig), "config");
  EXPECT_STREQ(name_of(ErrorKind::kData), "data");
  EXPECT_STREQ(name_of(ErrorKind::kCheckpoint), "checkpoint");
  EXPECT_STREQ(name_of(ErrorKind::kUnsupported), "unsupported");
  EXPECT_STREQ(name_of(ErrorKind::kIo), "io");
  EXPECT_STREQ(name_of(ErrorKind::kNumerics), "numerics");
  EXPECT_STREQ(name_of(ErrorKind::kInterrupted), "interrupted");
  EXPECT_STREQ(name_of(ErrorKind::kInternal), "internal");
}

TEST(Check, AFailureNamesTheConditionThePlaceAndTheValues) {
  const int size = 3;
  try {
    XLT_CHECK(size == 4, "size ", size);
    FAIL() << "not thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
    EXPECT_THAT(error.message(), HasSubstr("size == 4: size 3"));
    EXPECT_THAT(error.context(), HasSubstr("error_test.cpp:"));
  }
}

TEST(Check, AConditionThatHoldsDoesNotEvaluateItsMessage) {
  int evaluated = 0;
  XLT_CHECK(true, ++evaluated);
  EXPECT_EQ(evaluated, 0);
}

TEST(StrCat, JoinsWhateverCanBeWritten) { EXPECT_EQ(str_cat("a", 1, '-', 0.5, std::string("z")), "a1-0.5z"); }

TEST(Version, IsThreeNumbersAndTheCommitIsAHashOrUnknown) {
  EXPECT_THAT(version(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(build_commit(), MatchesRegex("unknown|[0-9a-f]+"));
  EXPECT_THAT(build_torch_version(), HasSubstr("."));
}

}  // namespace
}  // namespace xlt
