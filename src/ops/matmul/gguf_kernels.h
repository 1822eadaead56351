// SPDX-License-Identifier: Apache-2.0
// Blocks of GGUF's types → values. Torch-free. Inside `ops` only.
#pragma once

#include <cstdint>

namespace xlt {
struct GgufType;
}

namespace xlt::ops {

// The type whose blocks are so large; null for none. Types of one value a block are no blocks.
const GgufType* gguf_type_of_block(int64_t bytes);

// `count` blocks → float32.
using WidenBlocks = void (*)(const uint8_t* blocks, int64_t count, float* out);
WidenBlocks widen_blocks_of(const GgufType& type);

}  // namespace xlt::ops
