// SPDX-License-Identifier: Apache-2.0
// activation in plain ATen: the oracle of its kernel.
#include "ops/reference.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>

namespace xlt::reference {

at::Tensor activation(const at::Tensor& x, ops::Activation activation) {
  switch (activation) {
    case ops::Activation::kSilu:
      return at::silu(x);
    case ops::Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case ops::Activation::kGelu:
      return at::gelu(x);
    case ops::Activation::kRelu:
      break;
  }
  return at::relu(x);
}

}  // namespace xlt::reference
