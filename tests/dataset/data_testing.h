// SPDX-License-Identifier: Apache-2.0
// Files and errors for the tests of this folder.
#pragma once

#include "scratch_folder.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

class DataTest : public FolderTest {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
};

// The error that `act` throws.
template <typename Act>
Error error_of(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {ErrorKind::kInternal, ""};
}

}  // namespace xlt
