// SPDX-License-Identifier: Apache-2.0
// What the norms of x + residual share. Inside `ops` only.
#pragma once

#include <algorithm>

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"

namespace xlt::ops {

// x + residual, contiguous, and the room for it. Undefined: x is normed itself.
struct ResidualSum {
  at::Tensor residual, sum;
};

inline void check_residual(const char* op, const at::Tensor& x, const at::Tensor& residual) {
  XLT_CHECK(residual.sizes() == x.sizes() && residual.scalar_type() == x.scalar_type() &&
                residual.device() == x.device(),
            op, ": x ", x.toString(), " ", x.sizes(), " and residual ", residual.toString(), " ",
            residual.sizes(), " need one shape, dtype and device");
}

// The backward pass of a Function (x, residual, parameters …) → (sum, norm of the sum) of `num_inputs`
// inputs. norm_backward(∂ norm, whether ∂ sum is wanted, ∂ sum so far or undefined) → ∂ sum in all, ∂
// parameters ….
template <typename NormBackward>
torch::autograd::tensor_list residual_backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients,
                                               size_t num_inputs, const NormBackward& norm_backward) {
  const bool wants_x = context->needs_input_grad(0), wants_residual = context->needs_input_grad(1);
  at::Tensor sum_gradient = gradients[0];
  torch::autograd::tensor_list result(num_inputs);
  if (gradients[1].defined()) {
    const torch::autograd::tensor_list of_norm =
        norm_backward(gradients[1].contiguous(), wants_x || wants_residual,
                      sum_gradient.defined() ? sum_gradient.contiguous() : sum_gradient);
    sum_gradient = of_norm[0];
    std::copy(of_norm.begin() + 1, of_norm.end(), result.begin() + 2);
  }
  if (wants_x) result[0] = sum_gradient;
  if (wants_residual) result[1] = sum_gradient;
  return result;
}

}  // namespace xlt::ops
