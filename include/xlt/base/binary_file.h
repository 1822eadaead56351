// SPDX-License-Identifier: Apache-2.0
// Files that should be text and are something else: compressed, a table of another program, another encoding.
#pragma once

#include <string>
#include <string_view>

#include "xlt/base/error.h"

namespace xlt {

// Throws `kind`, naming what the file is and what makes text of it, where its first bytes say so.
void refuse_binary(std::string_view beginning, const std::string& place, ErrorKind kind = ErrorKind::kData);

}  // namespace xlt
