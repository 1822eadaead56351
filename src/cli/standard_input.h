// SPDX-License-Identifier: Apache-2.0
// "-" in options that name files of rows.
#pragma once

#include "xlt/base/config.h"

namespace xlt::cli {

// Replaces it by /dev/stdin, as other programs take it. A file of that name is "./-".
void resolve_standard_input(const VisitFunction& visit);

}  // namespace xlt::cli
