// SPDX-License-Identifier: Apache-2.0
// Folders that are complete or absent.
#include "xlt/base/atomic_folder.h"

#include "base/base_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

class AtomicFolderTest : public FolderTest {
 protected:
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

TEST_F(AtomicFolderTest, ForgetsWhatAKilledProcessLeft) {
  fs::create_directories(folder_ / ".out.partial");
  write_file(folder_ / ".out.partial" / "half", "1");
  AtomicFolder folder(folder_ / "out");
  folder.commit();
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(AtomicFolderTest, BringsBackWhatAKilledProcessWasReplacing) {
  write_file(folder_ / ".out.old" / "whole", "1");
  {
    AtomicFolder folder(folder_ / "out");
    EXPECT_EQ(read_file(folder_ / "out" / "whole"), "1");
  }
  EXPECT_EQ(num_entries(), 1);
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
