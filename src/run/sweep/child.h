// SPDX-License-Identifier: Apache-2.0
// This program once more, as a process that does one cell.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xlt {

// Its output goes to the end of a file. It dies with the thread that made it, whatever kills that. One
// thread.
class ChildProcess {
 public:
  // Throws kIo.
  ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& text_file);
  ~ChildProcess();  // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  // The exit code once it has ended, −N where signal N ended it.
  std::optional<int> poll();
  // Asks it to save and end.
  void ask_to_stop();
  void kill();

 private:
  pid_t pid_ = -1;
  std::optional<int> code_;
};

}  // namespace xlt
