// SPDX-License-Identifier: Apache-2.0
// gated_activation in plain ATen: the oracle of its kernels.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/silu.h>

namespace xlt::reference {

at::Tensor gated_activation(const at::Tensor& gate, const at::Tensor& up, ops::Activation activation) {
  return (activation == ops::Activation::kSilu ? at::silu(gate) : at::gelu(gate, "tanh")) * up;
}

}  // namespace xlt::reference
