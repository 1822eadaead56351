// SPDX-License-Identifier: Apache-2.0
// What is said about a machine, and what to do about it.
#include "xlt/run/doctor.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Finding finding(const std::string& what, const std::string& lid_file = "") {
  for (const Finding& one : examine_machine(lid_file))
    if (one.what == what) return one;
  return {};
}

class Doctor : public FolderTest {};

TEST_F(Doctor, LooksAtEverythingAndSaysWhatItFound) {
  std::vector<std::string> what;
  for (const Finding& one : examine_machine("")) {
    what.push_back(one.what);
    EXPECT_FALSE(one.found.empty()) << one.what;
    EXPECT_TRUE(one.verdict != Verdict::kProblem || !one.advice.empty()) << one.what;
  }
  EXPECT_THAT(what, ElementsAre("xlt", "libtorch", "cpu", "matrix products", "cuda", "memory",
                                "language identification"));
}

TEST_F(Doctor, SaysWhereTheUsualLanguageIdentificationIs) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const std::string without = finding("language identification").advice;
  fs::create_directories("models");
  write_file("models/lid.176.ftz", "");
  const Finding with = finding("language identification");
  fs::current_path(before);
  EXPECT_THAT(without, HasSubstr("scripts/setup.sh --lid"));
  EXPECT_EQ(with.verdict, Verdict::kNote);
  EXPECT_THAT(with.advice, HasSubstr("pass --lid models/lid.176.ftz"));
}

TEST_F(Doctor, FindsTheLibtorchItWasBuiltWith) {
  EXPECT_EQ(finding("libtorch").verdict, Verdict::kFine);
  EXPECT_THAT(finding("memory").found, HasSubstr("GiB"));
}

TEST_F(Doctor, WithoutAModelLanguagesAreANoteAndABrokenOneIsAProblem) {
  EXPECT_EQ(finding("language identification").verdict, Verdict::kNote);
  write_file(folder_ / "lid.bin", "not a model");
  const Finding broken = finding("language identification", (folder_ / "lid.bin").string());
  EXPECT_EQ(broken.verdict, Verdict::kProblem);
  EXPECT_FALSE(broken.advice.empty());
  EXPECT_EQ(finding("language identification", (folder_ / "none").string()).verdict, Verdict::kProblem);
}

TEST_F(Doctor, AModelThatIsNoneIsAProblemThatSaysWhatToGive) {
  const auto findings = examine_model((folder_ / "nowhere").string(), std::vector<Placement>(1));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].what, "model");
  EXPECT_EQ(findings[0].verdict, Verdict::kProblem);
  EXPECT_THAT(findings[0].found, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace xlt
