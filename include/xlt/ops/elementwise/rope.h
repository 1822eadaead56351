// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (Su et al. 2021, eq. 34), in both layouts of Hugging Face checkpoints.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// cos and sin of position · inverse frequency: [N, D/2] each, float32.
struct RopeAngles {
  at::Tensor cos, sin;
};
// `inverse_frequencies` [D/2] float32; angles are computed in float32 as transformers does.
RopeAngles rope_angles(const at::Tensor& position_ids, const at::Tensor& inverse_frequencies);

// Which elements of a head turn together: i and i + D/2 (Llama, Gemma, Mistral, Qwen), or 2i and 2i + 1, as
// in the paper (Cohere, GPT-J).
enum class RopeLayout { kHalf, kInterleaved };

// x [N, H, D] → the same shape and dtype: (x1·cos − x2·sin, x2·cos + x1·sin) for every pair (x1, x2).
// Computed in float32 (float64 for float64) and rounded once. Differentiable in x (the gradient is the
// inverse rotation).
at::Tensor rope(const at::Tensor& x, const RopeAngles& angles, RopeLayout layout = RopeLayout::kHalf);

}  // namespace xlt::ops
