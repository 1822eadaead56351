// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and its relatives.
//
//   Context context{&log, &progress, &catch_interrupts()};     // for whoever stops where it suits
//   const InterruptDeadline deadline(output);                  // and for work that may not look in time
//
#pragma once

#include <atomic>
#include <filesystem>
#include <thread>

namespace xlt::cli {

// From now on the first SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGUSR2 sets the flag; the same signal a second
// time ends the process.
const std::atomic<bool>& catch_interrupts();

// While it lives, an interrupt that was not heeded after a second and a half (one pass over a large model, a
// pipe into which nobody writes) ends the process with exit code 130, and what this process had begun beside
// `output`, or in it, is removed. Only for commands whose one trace is an output that appears when it is
// whole. After catch_interrupts(); one at a time.
class InterruptDeadline {
 public:
  explicit InterruptDeadline(std::filesystem::path output);  // empty: nothing was begun
  ~InterruptDeadline();
  InterruptDeadline(const InterruptDeadline&) = delete;
  InterruptDeadline& operator=(const InterruptDeadline&) = delete;

 private:
  void watch() const;
  std::filesystem::path output_;
  std::atomic<bool> is_over_{false};
  std::thread watcher_;
};

}  // namespace xlt::cli
