// SPDX-License-Identifier: Apache-2.0
// What a result was made with, for run.json and reports.
#pragma once

#include <filesystem>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"

namespace xlt {

// {"commit", "dirty"}
Json code_record();
// {"torch", "torch_build", "device", "dtype", "threads", "matmul", "cpu_capability"}; null: without libtorch
Json environment_record(const Placement& where);
// [{"file", "bytes", "sha256"}], in order. Throws kIo for a file that cannot be read.
Json file_records(const std::vector<std::filesystem::path>& files);

}  // namespace xlt
