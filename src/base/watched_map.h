// SPDX-License-Identifier: Apache-2.0
// Memory maps whose bytes may go missing (xlt/base/lost_bytes.h).
#pragma once

#include <cstddef>
#include <string>

namespace xlt {

// Watches the `size` > 0 bytes at `begin`, which are mapped from `descriptor`: it stays open until
// `unwatch_map` closes it. The first call installs the process's handler of SIGBUS; faults elsewhere go to
// the one that was there.
void watch_map(const void* begin, size_t size, int descriptor, const std::string& file);
// Before the map is taken down: notes whether the file is still as long as it was.
void unwatch_map(const void* begin);

}  // namespace xlt
