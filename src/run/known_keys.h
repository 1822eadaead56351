// SPDX-License-Identifier: Apache-2.0
// Keys of a design or grid: a mistyped one must not go unread.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// Throws, naming the nearest of `known`, where the object has another key.
void check_known_keys(const JsonView& object, const std::vector<std::string>& known);

}  // namespace xlt
