// SPDX-License-Identifier: Apache-2.0
// Command lines run inside the test's own process.
#pragma once

#include "cli/report_errors.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace xlt::cli {

struct Outcome {
  int code = -1;
  std::string out, err;
};

// `xlt ARGUMENTS`, with what it printed.
inline Outcome run_xlt(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "xlt");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.code = run_and_report(static_cast<int>(argv.size()), argv.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace xlt::cli
