// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/gated_mlp.h"

namespace xlt {

at::Tensor GatedMlp::forward(const at::Tensor& x) const {
  return down_proj.forward(ops::gated_activation(gate_proj.forward(x), up_proj.forward(x), activation));
}

}  // namespace xlt
