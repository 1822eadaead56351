// SPDX-License-Identifier: Apache-2.0
// How much memory there is for this process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace xlt {

struct MachineMemory {
  int64_t total = 0, available = 0;  // bytes
};

// The machine's, or what the container (cgroup 2) that this runs in may have of it where that is less. Pages
// of files that nothing needs count as available in both. Nothing where the system does not say.
std::optional<MachineMemory> machine_memory(const std::filesystem::path& proc = "/proc",
                                            const std::filesystem::path& cgroup = "/sys/fs/cgroup");

// "7.9 GiB"
std::string gib_text(int64_t bytes);

}  // namespace xlt
