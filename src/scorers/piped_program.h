// SPDX-License-Identifier: Apache-2.0
// Runs a program on one input, as `program < input > output` would.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "xlt/base/context.h"

namespace xlt {

struct PipedOptions {
  double timeout = 600;          // seconds in which nothing comes or goes, after which it is killed
  size_t most_output = 1 << 20;  // bytes
};

struct PipedOutcome {
  std::string output;      // stdout
  std::string last_words;  // the end of stderr
  int status = 0;          // its exit code, or −signal
};

// Both ends are pumped at once, so that a program may answer before it has read everything, or never read. It
// gets no terminal; what it started is killed with it. Throws kIo if it cannot be started, is silent for too
// long or writes too much, kInterrupted when asked to stop.
PipedOutcome run_piped(const std::filesystem::path& program, std::string_view input,
                       const PipedOptions& options, const Context& context);

}  // namespace xlt
