// SPDX-License-Identifier: Apache-2.0
// The blocks of GGUF's tensor types → float32, bit for bit as the Python package `gguf` reads them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "xlt/base/gguf.h"

namespace xlt {

// `blocks`: num_blocks × type.bytes; `out`: num_blocks × type.elements.
void dequantize_blocks(const GgufType& type, const std::byte* blocks, int64_t num_blocks, float* out);

}  // namespace xlt
