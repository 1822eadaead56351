// SPDX-License-Identifier: Apache-2.0
// segment_attention on tensor cores: a plan's parts through a variable-length kernel, merged. Inside `ops`
// only.
#pragma once

#include "ops/attention/flash_parts.h"

#include <ATen/core/Tensor.h>

namespace xlt::ops {

struct FlashGradients {
  at::Tensor dq, dk, dv;
};
struct FlashResult {
  at::Tensor out;  // [N, H, D]
  at::Tensor lse;  // [H, N] float32: log Σ exp of the scaled logits
};

// Attention of one part: q [N, H, D], k and v [S, K, D] hold the rows of the part and no others, sequence
// after sequence, contiguous; `part` says where sequences begin.
class VarlenAttention {
 public:
  virtual ~VarlenAttention() = default;
  virtual FlashResult forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const DevicePart& part, double scale) const = 0;
  // With P = exp(scale · q·k − lse) and δ = Σ dout · out (over D) of the lse and out given:
  // dv = Pᵀ dout, dS = P ∘ (dout vᵀ − δ), dq = scale · dS k, dk = scale · dSᵀ q; in q's dtype, dk and dv
  // summed over the query heads of a key head. lse [H, N] contiguous.
  virtual FlashGradients backward(const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v, const FlashResult& result, const DevicePart& part,
                                  double scale) const = 0;
};

// FlashAttention 2 as libtorch brings it, on CUDA from sm_80 on (as old as what our own kernels are built
// for), float16 and bfloat16, D a multiple of 8 up to 256.
const VarlenAttention& flash_kernels();

// Whether `flash_kernels` take these tensors and `fits_flash` the plan.
bool runs_on_flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionPlan& plan,
                   const AttentionOptions& options);

// Tensors are contiguous, k and v of q's dtype; results too.
FlashResult flash_forward(const VarlenAttention& kernels, const at::Tensor& q, const at::Tensor& k,
                          const at::Tensor& v, const DeviceParts& parts, double scale);
// `result` is flash_forward's.
FlashGradients flash_backward(const VarlenAttention& kernels, const at::Tensor& dout, const at::Tensor& q,
                              const at::Tensor& k, const at::Tensor& v, const FlashResult& result,
                              const DeviceParts& parts, double scale);

}  // namespace xlt::ops
