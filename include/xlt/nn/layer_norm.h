// SPDX-License-Identifier: Apache-2.0
// A layer norm with its weight.
#pragma once

#include <utility>

#include <ATen/core/Tensor.h>

#include "xlt/ops/norm/layer_norm.h"

namespace xlt {

struct LayerNorm {
  at::Tensor weight, bias;  // [C]; the bias may be undefined
  double eps = 1e-5;
  // x [..., C] → the same shape and dtype
  at::Tensor forward(const at::Tensor& x) const { return ops::layer_norm(x, weight, bias, eps); }
  // {x + residual, the norm of that}
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& x, const at::Tensor& residual) const {
    return ops::add_layer_norm(x, residual, weight, bias, eps);
  }
};

}  // namespace xlt
