// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/memory.h"

#include "scratch_folder.h"

#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

class Memory : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    write_file(folder_ / "meminfo",
               "MemTotal:       1000 kB\nMemFree:         10 kB\nMemAvailable:    600 kB\n");
  }
  MachineMemory memory() { return *machine_memory(folder_, folder_); }
};

TEST_F(Memory, IsTheMachinesWithoutAContainersLimit) {
  EXPECT_EQ(memory().total, 1000 * 1024);
  EXPECT_EQ(memory().available, 600 * 1024);
  write_file(folder_ / "memory.max", "max\n");
  EXPECT_EQ(memory().available, 600 * 1024);
}

TEST_F(Memory, AContainersLimitAndUseCount) {
  write_file(folder_ / "memory.max", "409600\n");
  EXPECT_EQ(memory().total, 409600);
  EXPECT_EQ(memory().available, 409600);
  write_file(folder_ / "memory.current", "300000\n");
  write_file(folder_ / "memory.stat", "anon 100000\nfile 200000\ninactive_file 150000\n");
  EXPECT_EQ(memory().available, 409600 - 150000);
  write_file(folder_ / "memory.current", "900000\n");
  EXPECT_EQ(memory().available, 0);
  write_file(folder_ / "memory.max", "999999999\n");  // more than the machine has
  EXPECT_EQ(memory().available, 600 * 1024);
}

TEST_F(Memory, IsNotKnownWhereTheSystemDoesNotSay) {
  EXPECT_FALSE(machine_memory(folder_ / "none", folder_));
}

TEST(GibText, HasOneDigitAfterThePoint) { EXPECT_EQ(gib_text((int64_t{79} << 30) / 10), "7.9 GiB"); }

}  // namespace
}  // namespace xlt
