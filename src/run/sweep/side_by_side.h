// SPDX-License-Identifier: Apache-2.0
// Some workers at a time, each a thread.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>

namespace xlt {

using StartThread = std::function<std::jthread(const std::function<void()>&)>;
std::jthread start_thread(const std::function<void()>& work);

// Calls work(0, stop) … work(count − 1, stop) side by side, waits for all of them and rethrows the first
// error. Where a thread cannot be started, `stop` is requested, those that run are waited for, and kIo is
// thrown. start: for tests.
void side_by_side(int64_t count, const std::function<void(int64_t, const std::stop_token&)>& work,
                  const StartThread& start = start_thread);

}  // namespace xlt
