// SPDX-License-Identifier: Apache-2.0
// What a run's folder makes the same command do.
#include "run/run_folder.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunFolderTest : public FolderTest {
 protected:
  static Json record(int max_steps = 10, const std::string& hash = "aa", double beta = 0.1) {
    return {
        {"config",
         {{"command", "train"}, {"max_steps", max_steps}, {"beta", beta}, {"threads", 2}, {"resume", false}}},
        {"data", {{{"file", "pairs.jsonl"}, {"sha256", hash}}}}};
  }
  Error inspect_error(const Json& record, bool resume) const {
    try {
      RunFolder(path_).inspect(record, resume, {});
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return {ErrorKind::kInternal, ""};
  }
  const fs::path path_ = folder_ / "run";
};

TEST_F(RunFolderTest, AbsentFolderIsANewRun) {
  EXPECT_EQ(RunFolder(path_).inspect(record(), false, {}), RunState::kNew);
}

TEST_F(RunFolderTest, EmptyFolderIsANewRun) {
  fs::create_directories(path_);
  EXPECT_EQ(RunFolder(path_).inspect(record(), false, {}), RunState::kNew);
}

TEST_F(RunFolderTest, OneProcessWorksInAFolder) {
  const RunFolder folder(path_);
  {
    const auto lock = folder.lock({});
    EXPECT_THROW(folder.lock({}), Error);
  }
  EXPECT_NO_THROW(folder.lock({}));
}

TEST_F(RunFolderTest, WhatAKilledProcessLeftIsStillNoRun) {
  write_file(path_ / kLockName, "{}");
  write_file(path_ / ".run.json.tmp-0123abcd-1-1-abcdef", "half");
  EXPECT_EQ(RunFolder(path_).inspect(record(), false, {}), RunState::kNew);
  fs::remove(path_ / kLockName);
  const auto lock = RunFolder(path_).lock({});
  EXPECT_FALSE(fs::exists(path_ / ".run.json.tmp-0123abcd-1-1-abcdef"));
}

TEST_F(RunFolderTest, OtherInputsOfTheSameNameAreRefused) {
  Json before = record(), after = record();
  before["inputs"] = {{{"file", "config.json"}, {"sha256", "aa"}}};
  after["inputs"] = {{{"file", "config.json"}, {"sha256", "bb"}}};
  RunFolder(path_).write(before, "interrupted");
  EXPECT_EQ(inspect_error(after, true).kind(), ErrorKind::kData);
}

TEST_F(RunFolderTest, SameOptionsOfAnUnfinishedRunGoOn) {
  const RunFolder folder(path_);
  folder.write(record(), "running");
  EXPECT_EQ(folder.inspect(record(), false, {}), RunState::kUnfinished);
  folder.write(record(), "interrupted");
  EXPECT_EQ(folder.inspect(record(), false, {}), RunState::kUnfinished);
}

TEST_F(RunFolderTest, SameOptionsOfAFinishedRunHaveNothingToDo) {
  const RunFolder folder(path_);
  folder.write(record(), "finished");
  EXPECT_EQ(folder.inspect(record(), false, {}), RunState::kFinished);
}

TEST_F(RunFolderTest, OtherOptionsAreRefusedByName) {
  RunFolder(path_).write(record(), "finished");
  const Error error = inspect_error(record(10, "aa", 0.2), false);
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("(beta differs)"));
}

TEST_F(RunFolderTest, ResumeMayMoveTheEnd) {
  const RunFolder folder(path_);
  folder.write(record(10), "finished");
  EXPECT_EQ(inspect_error(record(20), false).kind(), ErrorKind::kUsage);
  EXPECT_EQ(folder.inspect(record(20), true, {}), RunState::kUnfinished);
}

TEST_F(RunFolderTest, ResumeMayNotChangeTheLoss) {
  RunFolder(path_).write(record(), "running");
  EXPECT_EQ(inspect_error(record(10, "aa", 0.2), true).kind(), ErrorKind::kUsage);
}

TEST_F(RunFolderTest, OtherRanksGoOnWithStepsOfAsManyRows) {
  const auto cut = [](int batch_size, int accumulation, int ranks) {
    Json json = record();
    json["config"]["batch_size"] = batch_size;
    json["config"]["gradient_accumulation_steps"] = accumulation;
    json["ranks"] = ranks;
    return json;
  };
  const RunFolder folder(path_);
  folder.write(cut(2, 4, 1), "interrupted");
  EXPECT_EQ(folder.inspect(cut(2, 2, 2), false, {}), RunState::kUnfinished);
  EXPECT_EQ(folder.inspect(cut(1, 1, 8), false, {}), RunState::kUnfinished);
  EXPECT_EQ(folder.inspect(cut(8, 1, 1), true, {}), RunState::kUnfinished);
  EXPECT_EQ(inspect_error(cut(8, 1, 1), false).kind(), ErrorKind::kUsage);  // one process, other options
  EXPECT_EQ(inspect_error(cut(2, 8, 1), true).kind(), ErrorKind::kUsage);
  const Error error = inspect_error(cut(2, 4, 2), true);
  EXPECT_EQ(exit_code(error.kind()), 3);
  EXPECT_THAT(error.what(), HasSubstr("8 rows (batch_size 2 × gradient_accumulation_steps 4 × 1 rank)"));
  EXPECT_THAT(error.what(), HasSubstr("16 rows (batch_size 2 × gradient_accumulation_steps 4 × 2 ranks)"));
}

TEST_F(RunFolderTest, OtherRanksAreAnotherRunWhereTheCutCounts) {
  const auto cut = [](int batch_size, int ranks) {
    Json json = record();
    json["config"]["batch_size"] = batch_size;
    json["config"]["gradient_accumulation_steps"] = 1;
    json["ranks"] = ranks;
    return json;
  };
  const RunFolder folder(path_), of_kto(path_, /*may_cut_anew=*/false);
  folder.write(cut(8, 1), "finished");
  EXPECT_EQ(folder.inspect(cut(4, 2), false, {}), RunState::kFinished);
  EXPECT_EQ(of_kto.inspect(cut(8, 1), false, {}), RunState::kFinished);
  EXPECT_THROW(of_kto.inspect(cut(4, 2), false, {}), Error);
}

TEST_F(RunFolderTest, ChangedDataAreRefusedByFile) {
  RunFolder(path_).write(record(10, "aa"), "running");
  const Error error = inspect_error(record(10, "bb"), false);
  EXPECT_EQ(error.kind(), ErrorKind::kData);
  EXPECT_THAT(error.what(), HasSubstr("pairs.jsonl: the file changed"));
}

TEST_F(RunFolderTest, FolderOfSomethingElseIsRefused) {
  fs::create_directories(path_);
  write_file(path_ / "thesis.tex", "x");
  EXPECT_THAT(inspect_error(record(), false).what(), HasSubstr("holds no xlt run"));
}

TEST_F(RunFolderTest, FileInPlaceOfTheFolderIsRefused) {
  write_file(path_, "x");
  EXPECT_EQ(inspect_error(record(), false).kind(), ErrorKind::kIo);
}

TEST(ChangedOptions, ThreadsAndResumeAreNoChange) {
  EXPECT_THAT(changed_options({{"threads", 1}, {"resume", false}, {"beta", 1}},
                              {{"threads", 2}, {"resume", true}, {"beta", 1}}),
              ElementsAre());
}

TEST(ChangedOptions, MissingAndAddedOptionsAreChanges) {
  EXPECT_THAT(changed_options({{"a", 1}, {"b", 1}}, {{"b", 2}, {"c", 1}}), ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace xlt
