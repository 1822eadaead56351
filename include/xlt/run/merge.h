// SPDX-License-Identifier: Apache-2.0
// A model and its adapter → one checkpoint folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"

namespace xlt {

struct MergeOptions {
  std::string model;
  std::vector<std::string> adapter;
  std::string output, precision = "full";
  double scale = 1;
  void visit(OptionVisitor& v);
};

// Writes `output` (weights, config.json, tokenizer files, merge.json with each module's rounding error) all
// at once, and returns what merge.json holds. Throws kUsage if `output` holds anything but an earlier merge.
Json merge_adapter(const MergeOptions& options, const Placement& where, const Context& context);

// The dtype a checkpoint's config.json names; float32 where it names none.
DType checkpoint_dtype(const std::filesystem::path& folder);

}  // namespace xlt
