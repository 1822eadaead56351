// SPDX-License-Identifier: Apache-2.0
// Tests that write files, each into a folder that goes with the test.
#pragma once

#include <filesystem>

#include <gtest/gtest.h>

#include "xlt/base/scratch_folder.h"

namespace xlt {

class FolderTest : public testing::Test {
 private:
  ScratchFolder scratch_;

 protected:
  const std::filesystem::path folder_ = scratch_.path();
};

}  // namespace xlt
