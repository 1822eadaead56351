// SPDX-License-Identifier: Apache-2.0
// What the visitors that set options share: the two halves of a check, and lists in text.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/config.h"

namespace xlt {

// What `check` has against `value`; empty: nothing.
std::string fault_of(const OptionCheck& check, double value);
std::string fault_of(const OptionCheck& check, const std::string& value);
// "a,b" → {"a", "b"}; empty items are dropped. "\," is a comma within an item.
std::vector<std::string> split_list(const std::string& text);

}  // namespace xlt
