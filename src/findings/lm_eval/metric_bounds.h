// SPDX-License-Identifier: Apache-2.0
// What numbers the results of lm-evaluation-harness can hold.
#pragma once

#include <string>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Why a value that a task states cannot be one of this metric (named without its filter); empty where it can.
std::string fault_of_metric(const std::string& metric, const Json& value);
// Whether a key stands beside the metrics of a task ("alias", "sample_len").
bool is_remark(const std::string& key);

}  // namespace xlt
