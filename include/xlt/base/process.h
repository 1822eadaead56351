// SPDX-License-Identifier: Apache-2.0
// Which process made something: on this machine, or on another one that shares the disk.
#pragma once

#include <cstdint>
#include <string>

namespace xlt {

struct ProcessId {
  std::string host;  // the machine's name, for people; may be empty
  std::string
      host_key;  // 8 hex digits: where and since when `pid` means something (machine, boot, namespace)
  int64_t pid = 0;
  std::string started;  // by the kernel's clock, since a pid is used again; "0": not known
  bool operator==(const ProcessId& other) const {
    return host_key == other.host_key && pid == other.pid && started == other.started;
  }
};

ProcessId this_process();

// Whether it is certainly over: it was one of this machine's, and no such process runs any more. False for a
// process of another machine, of which nothing can be said here.
bool is_dead(const ProcessId& process);

}  // namespace xlt
