// Folders that are complete or absent. SPDX-License-Identifier: Apache-2.0
#include "xlt/base/atomic_folder.h"

#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

class AtomicFolderTest : public ::testing::Test {
 protected:
  AtomicFolderTest() {
    parent_ = fs::path(::testing::TempDir()) /
              ("atomic_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(parent_);
    fs::create_directories(parent_);
  }
  ~AtomicFolderTest() override { fs::remove_all(parent_); }
  int64_t num_entries() const {
    return std::distance(fs::directory_iterator(parent_), fs::directory_iterator());
  }
  fs::path parent_;
};

TEST_F(AtomicFolderTest, AppearsAtCommit) {
  AtomicFolder folder(parent_ / "out");
  write_file(folder.path() / "a", "1");
  EXPECT_FALSE(fs::exists(parent_ / "out"));
  folder.commit();
  EXPECT_EQ(read_file(parent_ / "out" / "a"), "1");
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(AtomicFolderTest, LeavesNothingWithoutCommit) {
  {
    AtomicFolder folder(parent_ / "out");
    write_file(folder.path() / "a", "1");
  }
  EXPECT_EQ(num_entries(), 0);
}

TEST_F(AtomicFolderTest, ReplacesAnOlderFolder) {
  fs::create_directories(parent_ / "out");
  write_file(parent_ / "out" / "old", "1");
  AtomicFolder folder(parent_ / "out" / "");
  folder.commit();
  EXPECT_TRUE(fs::is_empty(parent_ / "out"));
}

TEST_F(AtomicFolderTest, ForgetsWhatAKilledProcessLeft) {
  fs::create_directories(parent_ / ".out.partial");
  write_file(parent_ / ".out.partial" / "half", "1");
  AtomicFolder folder(parent_ / "out");
  folder.commit();
  EXPECT_TRUE(fs::is_empty(parent_ / "out"));
}

}  // namespace
}  // namespace xlt
