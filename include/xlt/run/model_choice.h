// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/placement.h"

namespace xlt {

// Which model answers; options of every command that asks one.
struct ModelChoice {
  std::string model, adapter;
  int64_t batch_tokens = 0;
  std::string base = {};  // not visited: --base of `xlt eval`
  std::string quantize = "none";
  std::vector<Placement> devices = {};  // not visited: --device-map; empty: where the caller says
  void visit(OptionVisitor& v);
};

}  // namespace xlt
