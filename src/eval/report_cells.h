// SPDX-License-Identifier: Apache-2.0
// Cells of a report as rows of a table on a terminal, and why some have no figure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Before a count in a figure's text: of another number of items than its row says.
constexpr const char* kOwnCount = " n=";

// "0.412 → 0.207 (-0.260, -0.150)*": the interval is of the change; without a baseline "0.412 [0.380,
// 0.440]".
std::string metric_text(const Json& cell, const std::string& name);

// The cells, a row a language, in as many tables below each other as their metrics need; below each, what its
// dashes stand for. `columns`: names of metrics.
std::string cells_text(const std::vector<const Json*>& cells, std::span<const std::string> columns);

}  // namespace xlt
