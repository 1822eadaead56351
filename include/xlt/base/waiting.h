// SPDX-License-Identifier: Apache-2.0
// Interrupts for what waits below any Context: for somebody to write into a pipe, or to read from one.
//
//   heed_while_waiting(&flag);      // once, by whoever catches signals; null: none are heeded
//
#pragma once

#include <atomic>

namespace xlt {

// `flag` must live as long as anything may wait. Thread-safe.
void heed_while_waiting(const std::atomic<bool>* flag);
// Throws kInterrupted once the flag is set.
void throw_if_interrupted_while_waiting();

}  // namespace xlt
