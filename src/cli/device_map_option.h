// SPDX-License-Identifier: Apache-2.0
// --device-map: the devices that a model's layers are shared among.
#pragma once

#include "cli/global_options.h"

#include <string>
#include <vector>

namespace xlt::cli {

struct DeviceMapOption {
  std::string device_map;
  void visit(OptionVisitor& v);
  // What it names, in the layers' order, or, where it is not given, the one device of `options`; at least
  // one. Throws kUsage beside --device and for GPUs and the CPU together, and as GlobalOptions::placement.
  std::vector<Placement> devices(const GlobalOptions& options) const;
};

}  // namespace xlt::cli
