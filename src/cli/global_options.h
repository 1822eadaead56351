// SPDX-License-Identifier: Apache-2.0
// Options that every command has.
#pragma once

#include <cstdint>
#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/placement.h"

namespace xlt::cli {

struct GlobalOptions {
  std::string device = "auto", dtype = "auto", log_level = "info";
  int64_t threads = 0, seed = 42;
  bool quiet = false;
  void visit(OptionVisitor& v);

  // Decides the device and, unless one was given, the dtype: float32 on a CPU, bfloat16 on a GPU. Throws
  // kUsage for a device name that is none, kUnsupported for a device that is not there.
  Placement placement() const;
  // As if `device` had been given, by an option of this name.
  Placement placement_on(const std::string& device, const std::string& option) const;
  bool dtype_is_given() const { return dtype != "auto"; }
  LogLevel level() const;
};

// What is wrong with the name of a device; empty: nothing.
std::string check_device(const std::string& device);

// Sets the threads of one operation: `wanted`, or as many as there are cores where that is less (more of them
// only wait for each other); 0: all cores. Returns what a person should know about it, or nothing.
std::string choose_threads(int64_t wanted);

}  // namespace xlt::cli
