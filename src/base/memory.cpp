// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/memory.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace xlt {

namespace {

// The number after a word ("MemAvailable:", "inactive_file"), in a file of lines that begin with one.
std::optional<int64_t> number_after(const std::filesystem::path& file, const std::string& word) {
  std::ifstream lines(file);
  for (std::string first; lines >> first; lines.ignore(1 << 16, '\n')) {
    int64_t number = 0;
    if (first == word && lines >> number) return number;
  }
  return std::nullopt;
}

// Nothing for "max", which is no limit.
std::optional<int64_t> number_in(const std::filesystem::path& file) {
  int64_t number = 0;
  if (std::ifstream(file) >> number) return number;
  return std::nullopt;
}

}  // namespace

std::optional<MachineMemory> machine_memory(const std::filesystem::path& proc,
                                            const std::filesystem::path& cgroup) {
  const auto total = number_after(proc / "meminfo", "MemTotal:"),
             available = number_after(proc / "meminfo", "MemAvailable:");
  if (!total || !available) return std::nullopt;
  MachineMemory memory{*total * 1024, *available * 1024};
  if (const auto most = number_in(cgroup / "memory.max")) {
    const int64_t used = number_in(cgroup / "memory.current").value_or(0) -
                         number_after(cgroup / "memory.stat", "inactive_file").value_or(0);
    memory.total = std::min(memory.total, *most);
    memory.available = std::clamp<int64_t>(*most - std::max<int64_t>(used, 0), 0, memory.available);
  }
  return memory;
}

std::string gib_text(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / (1 << 30));
  return text;
}

}  // namespace xlt
