// SPDX-License-Identifier: Apache-2.0
// `Json` by name only, for headers that pass one along.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace xlt {
using Json = nlohmann::ordered_json;  // keeps the order of keys, so reports read as they were written
}
