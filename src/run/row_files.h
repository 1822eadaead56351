// SPDX-License-Identifier: Apache-2.0
// What commands that turn rows into rows have in common.
#pragma once

#include <string>

#include "xlt/base/config.h"

namespace xlt {

// What is read is never what is written; a terminal or pipe may be both. Throws kUsage.
void refuse_same_file(const std::string& input, const std::string& output);

void visit_input_format(OptionVisitor& v, std::string& format);

}  // namespace xlt
