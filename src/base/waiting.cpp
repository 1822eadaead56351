// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/waiting.h"

#include "xlt/base/error.h"

namespace xlt {

namespace {

// Signals are the process's, and so is what they set.
std::atomic<const std::atomic<bool>*> heeded{nullptr};

}  // namespace

void heed_while_waiting(const std::atomic<bool>* flag) { heeded.store(flag); }

void throw_if_interrupted_while_waiting() {
  const std::atomic<bool>* flag = heeded.load();
  if (flag != nullptr && flag->load(std::memory_order_relaxed))
    throw Error(ErrorKind::kInterrupted, "interrupted");
}

}  // namespace xlt
