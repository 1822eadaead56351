// SPDX-License-Identifier: Apache-2.0
// Names of items.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "xlt/dataset/reader.h"

namespace xlt {

// The first of these fields that the row has, text or number; else `position`.
std::string row_id(const Row& row, std::initializer_list<const char*> fields, size_t position);
// Makes ids unique by "#2", "#3" … on repeats, in order.
std::vector<std::string> unique_ids(std::vector<std::string> ids);

}  // namespace xlt
