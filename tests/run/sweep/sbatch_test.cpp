// SPDX-License-Identifier: Apache-2.0
// Jobs handed to an sbatch of our own.
#include "run/sweep/sbatch.h"

#include "scratch_folder.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/quoting.h"

namespace xlt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SlurmJobs : public FolderTest {
 protected:
  SlurmJobs() : path_(std::getenv("PATH")) {
    make_folders(folder_ / "bin");
    setenv("PATH", ((folder_ / "bin").string() + ":" + path_).c_str(), 1);
  }
  ~SlurmJobs() override { setenv("PATH", path_.c_str(), 1); }
  // Takes so many jobs, 101, 102, …
  void write_sbatch(int takes) const {
    const fs::path file = folder_ / "bin" / "sbatch";
    const std::string calls = shell_quoted((folder_ / "calls").string());
    write_file(file,
               str_cat("#!/bin/sh\necho \"$@\" >>", calls, "\ncount=$(wc -l <", calls, ")\nif [ $count -gt ",
                       takes, " ]; then echo 'sbatch: error: Invalid account' >&2; exit 1; fi\n",
                       "echo 'sbatch: a warning' >&2\necho \"$((100 + count));cluster\"\n"));
    fs::permissions(file, fs::perms::owner_all);
  }
  std::string refusal(SubmittedJobs& jobs) const {
    try {
      jobs.submit("eval", 4, {"--array=0-3", "cell.sh"});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kConfig);
      return error.what();
    }
    ADD_FAILURE() << "was taken";
    return "";
  }

  std::string path_;
  const fs::path file_ = folder_ / "jobs.json";
};

TEST_F(SlurmJobs, ThoseThatWereTakenAreNamedWhenTheNextIsRefused) {
  write_sbatch(2);
  SubmittedJobs jobs(file_);
  EXPECT_EQ(jobs.submit("train", 2, {"--job-name=xlt-train", "it's"}), "101");
  const Json train = {{"name", "train"}, {"job", "101"}, {"tasks", 2}};
  EXPECT_EQ(load_json(file_).at("jobs"), Json::array({train}));
  EXPECT_EQ(jobs.submit("base", 1, {"cell.sh"}), "102");
  EXPECT_THAT(refusal(jobs), AllOf(HasSubstr("Invalid account"), HasSubstr("101 (train), 102 (base)"),
                                   HasSubstr("scancel 101 102")));
  EXPECT_EQ(load_json(file_).at("jobs"), jobs.list());
  EXPECT_EQ(jobs.list().size(), 2u);
  EXPECT_THAT(read_file(folder_ / "calls"), HasSubstr("--parsable --job-name=xlt-train it's\n"));
}

TEST_F(SlurmJobs, WhereTheFirstIsRefusedThereIsNothingToCancel) {
  write_sbatch(0);
  SubmittedJobs jobs(file_);
  EXPECT_THAT(refusal(jobs), AllOf(HasSubstr("Invalid account"), Not(HasSubstr("scancel"))));
  EXPECT_FALSE(fs::exists(file_));
}

TEST(SbatchFlags, OfAListAreOneForEachItem) {
  const Json options = {{"cpus_per_task", 8}, {"exclusive", true},
                        {"requeue", false},   {"constraint", Json::array({"a", "b"})},
                        {"gres", "gpu:1"},    {"nodelist", Json::array()}};
  EXPECT_THAT(sbatch_flags(options), ElementsAre("--cpus-per-task=8", "--exclusive", "--constraint=a",
                                                 "--constraint=b", "--gres=gpu:1"));
}

}  // namespace
}  // namespace xlt
