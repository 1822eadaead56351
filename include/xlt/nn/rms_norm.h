// SPDX-License-Identifier: Apache-2.0
// An RMS norm with its weight.
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/ops/norm/rms_norm.h"

namespace xlt {

struct RmsNorm {
  at::Tensor weight;  // [C]
  double eps = 1e-6;
  ops::RmsNormCasting casting = ops::RmsNormCasting::kWeight;
  // x [..., C] → the same shape and dtype
  at::Tensor forward(const at::Tensor& x) const { return ops::rms_norm(x, weight, eps, casting); }
  // {x + residual, the norm of that}
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& x, const at::Tensor& residual) const {
    return ops::add_rms_norm(x, residual, weight, eps, casting);
  }
};

}  // namespace xlt
