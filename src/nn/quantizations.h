// SPDX-License-Identifier: Apache-2.0
// What the rows of quantizations.def stand for.
#pragma once

#include <memory>

#include "xlt/nn/linear_weight.h"

namespace xlt {

#define X(name) std::unique_ptr<Quantization> make_##name##_quantization();
#include "nn/quantizations.def"
#undef X

}  // namespace xlt
