// SPDX-License-Identifier: Apache-2.0
// What the rows of quantizations.def stand for.
#pragma once

#include <memory>

#include "xlt/nn/linear_weight.h"

namespace xlt {

#define XLT_ROWS "nn/quantizations.def"
#define XLT_THING Quantization
#define XLT_MAKER quantization
#define XLT_LIST quantization_rows
#include "xlt/base/expand_table.h"

}  // namespace xlt
