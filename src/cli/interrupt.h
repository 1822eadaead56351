// SPDX-License-Identifier: Apache-2.0
// Ctrl-C: the first asks work to stop and save, the second ends the process.
#pragma once

#include <atomic>

namespace xlt::cli {

// Handles SIGINT, SIGTERM and SIGHUP (unless it is ignored, as by nohup) from now on. The flag it returns
// becomes true with the first of them.
const std::atomic<bool>& catch_interrupts();

}  // namespace xlt::cli
