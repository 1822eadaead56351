// SPDX-License-Identifier: Apache-2.0
// A look at a fastText model before fastText reads it, which trusts whatever stands there.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace xlt {

// What is wrong with the file ("not a fastText model", "truncated …"), or an empty string.
std::string fault_of_fasttext_file(std::span<const std::byte> bytes);

}  // namespace xlt
