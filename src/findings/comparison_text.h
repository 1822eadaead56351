// SPDX-License-Identifier: Apache-2.0
// Rows of a comparison as tables: a block a metric, a line a language, a column an arm.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Rows of one benchmark, scoring, scorer and metric.
struct MetricBlock {
  std::string title;                   // "rtp_lx: toxic_fraction (corrected; word_list)"
  std::vector<std::string> languages;  // in the order of the rows, `mean_others` last
  std::vector<const Json*> rows;
  // The row of a language and arm, or null.
  const Json* find(const std::string& language, const std::string& arm) const;
};
std::vector<MetricBlock> blocks_of(const Json& comparison);
// Every arm but the base.
std::vector<std::string> compared_arms(const Json& comparison);

// "mean of 16 others", or the language's tag.
std::string line_name(const Json& row);
// How many items a language's arms were compared on: "50", or "48-50" where they differ.
std::string count_text(const MetricBlock& block, const std::string& language, const std::string& dash);
// Four digits that mean something: "12.84", "0.0512"; a change has its sign.
std::string value_text(const Json& value, bool is_change = false);

}  // namespace xlt
