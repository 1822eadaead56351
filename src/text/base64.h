// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xlt {

// The bytes that a base64 text stands for, padded or not; nothing where it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace xlt
