// SPDX-License-Identifier: Apache-2.0
// For code that is not ours and recurses as deep as a stranger's file tells it to.
#pragma once

#include <string>

namespace xlt {

// While it lives, a full stack of this thread ends the process with exit code 3 and one line on stderr,
// "xlt: error: MESSAGE", where it would end with a segmentation fault and say nothing. No destructor runs:
// what was saved before is what is left. One at a time in a thread; other threads may hold their own.
class StackGuard {
 public:
  explicit StackGuard(const std::string& message);
  ~StackGuard();
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;
};

}  // namespace xlt
