// SPDX-License-Identifier: Apache-2.0
// What `--dry-run` says to whoever sits there, beside the JSON for scripts.
#pragma once

#include <string>

#include "xlt/base/json.h"

namespace xlt::cli {

// "about 12 min, at most 1.3 GB of memory, 1.5 GB of disk" of an estimate's totals: `seconds` and, where they
// are there and known, `memory_bytes` and `disk_bytes`. Parts that could not be estimated are counted:
// `seconds_unknown`.
std::string estimate_line(const Json& totals);

}  // namespace xlt::cli
