// SPDX-License-Identifier: Apache-2.0
// Folders that are complete or absent.
#include "xlt/base/atomic_folder.h"

#include "base/base_testing.h"
#include "base/temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

class AtomicFolderTest : public FolderTest {
 protected:
  // Runs `work` in a process that is over afterwards.
  static void run_and_die(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      work();
      ::_exit(1);
    }
    ::waitpid(child, nullptr, 0);
  }
  int64_t num_entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
};

TEST_F(AtomicFolderTest, AppearsAtCommit) {
  AtomicFolder folder(folder_ / "out");
  write_file(folder.path() / "a", "1");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  folder.commit();
  EXPECT_EQ(read_file(folder_ / "out" / "a"), "1");
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(AtomicFolderTest, LeavesNothingWithoutCommit) {
  {
    AtomicFolder folder(folder_ / "out");
    write_file(folder.path() / "a", "1");
  }
  EXPECT_EQ(num_entries(), 0);
}

TEST_F(AtomicFolderTest, ReplacesAnOlderFolder) {
  fs::create_directories(folder_ / "out");
  write_file(folder_ / "out" / "old", "1");
  AtomicFolder folder(folder_ / "out" / "");
  folder.commit();
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(AtomicFolderTest, LeavesAFileOfItsNameAlone) {
  AtomicFolder folder(folder_ / "out");
  write_file(folder_ / "out", "precious");
  EXPECT_THROW(folder.commit(), Error);
  EXPECT_EQ(read_file(folder_ / "out"), "precious");
}

TEST_F(AtomicFolderTest, LeavesAUsersOwnHiddenFoldersAlone) {
  for (const char* name : {".out.partial", ".out.old", ".out.tmp-1", ".out.old-mine-1-2-backup"})
    write_file(folder_ / name / "own", "1");
  {
    AtomicFolder folder(folder_ / "out");
    folder.commit();
    AtomicFolder second(folder_ / "out");
    second.commit();
  }
  EXPECT_EQ(num_entries(), 5);
}

TEST_F(AtomicFolderTest, TwoAtOnceLeaveOneWhole) {
  AtomicFolder one(folder_ / "out"), two(folder_ / "out");
  EXPECT_NE(one.path(), two.path());
  write_file(one.path() / "a", "one");
  write_file(two.path() / "a", "two");
  write_file(two.path() / "b", "two");
  two.commit();
  one.commit();
  EXPECT_EQ(read_file(folder_ / "out" / "a"), "one");
  EXPECT_FALSE(fs::exists(folder_ / "out" / "b"));
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(AtomicFolderTest, ForgetsWhatAKilledProcessLeft) {
  run_and_die([&] {
    AtomicFolder folder(folder_ / "out");
    write_file(folder.path() / "half", "1");
    ::_exit(0);
  });
  EXPECT_EQ(num_entries(), 1);
  AtomicFolder folder(folder_ / "out");
  folder.commit();
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(AtomicFolderTest, BringsBackWhatAKilledProcessWasReplacing) {
  run_and_die([&] {
    write_file(make_temporary_folder(folder_ / "out", TemporaryKind::kOld) / "whole", "1");
    ::_exit(0);
  });
  {
    AtomicFolder folder(folder_ / "out");
    EXPECT_EQ(read_file(folder_ / "out" / "whole"), "1");
  }
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(AtomicFolderTest, ForgetsWhatAKilledProcessHadReplaced) {
  write_file(folder_ / "out" / "new", "1");
  run_and_die([&] {
    write_file(make_temporary_folder(folder_ / "out", TemporaryKind::kOld) / "older", "1");
    ::_exit(0);
  });
  AtomicFolder(folder_ / "out");
  EXPECT_TRUE(fs::exists(folder_ / "out" / "new"));
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(AtomicFolderTest, LeavesWhatALivingProcessIsWriting) {
  const AtomicFolder other(folder_ / "out");
  { AtomicFolder(folder_ / "out").commit(); }
  EXPECT_TRUE(fs::exists(other.path()));
}

TEST_F(AtomicFolderTest, KeepsALinkALink) {
  write_file(folder_ / "disk" / "real" / "old", "1");
  fs::create_directory_symlink("disk/real", folder_ / "out");
  AtomicFolder folder(folder_ / "out");
  EXPECT_EQ(folder.path().parent_path(), folder_ / "disk");
  write_file(folder.path() / "new", "1");
  folder.commit();
  EXPECT_TRUE(fs::is_symlink(folder_ / "out"));
  EXPECT_TRUE(fs::exists(folder_ / "disk" / "real" / "new"));
  EXPECT_FALSE(fs::exists(folder_ / "disk" / "real" / "old"));
}

TEST_F(AtomicFolderTest, KeepsTheMode) {
  fs::create_directories(folder_ / "out");
  fs::permissions(folder_ / "out", fs::perms(0750));
  AtomicFolder(folder_ / "out").commit();
  EXPECT_EQ(fs::status(folder_ / "out").permissions(), fs::perms(0750));
  fs::create_directories(folder_ / "usual");
  AtomicFolder(folder_ / "new").commit();
  EXPECT_EQ(fs::status(folder_ / "new").permissions(), fs::status(folder_ / "usual").permissions());
}

TEST_F(AtomicFolderTest, LeavesTheOlderFolderWhereItCannotBeReplaced) {
  write_file(folder_ / "out" / "whole", "1");
  {
    AtomicFolder folder(folder_ / "out");
    fs::remove_all(folder.path());  // nothing to rename
    const Error error = error_of([&] { folder.commit(); });
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_THAT(error.what(), ::testing::HasSubstr((folder_ / "out").string()));
  }
  EXPECT_EQ(read_file(folder_ / "out" / "whole"), "1");
  EXPECT_EQ(num_entries(), 1);
}

}  // namespace
}  // namespace xlt
