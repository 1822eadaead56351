// SPDX-License-Identifier: Apache-2.0
// Weights as GGUF files hold them, in blocks of a few bits a value, that are multiplied by without ever being
// widened whole.
//
// A matrix [out, in] in blocks is a uint8 tensor [out, in / values of a block, bytes of a block] on the CPU,
// its rows one after the other; a block's size tells its type (xlt/base/gguf_types.def). linear, lora_linear,
// token_logps, head_logits, sample_head and token_kl take it as a weight where multiplies_gguf(x's dtype),
// and give the bits that they give by its values in x's dtype. It is frozen: they are differentiable in the
// rest.
#pragma once

#include <cstddef>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace xlt {
struct GgufType;
}

namespace xlt::ops {

bool is_gguf(const at::Tensor& weight);
// Whether our own product runs on this CPU for such an x: float32 and float16 with AVX2; bfloat16, too,
// unless this was built without the kernels of pairs for a CPU that has them.
bool multiplies_gguf(at::ScalarType x_dtype);

// `in` of a weight [out, in], whether in blocks or not.
int64_t columns_of(const at::Tensor& weight);
// The values of a weight as [out, in] of `dtype`; no copy of values that are of it.
at::Tensor values_of(const at::Tensor& weight, at::ScalarType dtype);

// Blocks of any type that is read → float32, bit for bit as the Python package `gguf` reads them. `blocks`:
// num_blocks × type.bytes; `out`: num_blocks × type.elements. One thread.
void dequantize_blocks(const GgufType& type, const std::byte* blocks, int64_t num_blocks, float* out);

}  // namespace xlt::ops
