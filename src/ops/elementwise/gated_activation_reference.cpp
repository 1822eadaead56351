// SPDX-License-Identifier: Apache-2.0
// gated_activation in plain ATen: the oracle of its kernels.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>

namespace xlt::reference {

at::Tensor gated_activation(const at::Tensor& gate, const at::Tensor& up, ops::Activation activation) {
  return reference::activation(gate, activation) * up;
}

}  // namespace xlt::reference
