// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/gated_mlp.h"

namespace xlt {

at::Tensor GatedMlp::forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const {
  const at::Tensor gate = gate_proj.forward(x, dropout), up = up_proj.forward(x, dropout);
  return down_proj.forward(ops::gated_activation(gate, up, activation), dropout);
}

at::Tensor FusedGatedMlp::forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const {
  const at::Tensor both = gate_up_proj.forward(x, dropout);
  const int64_t size = both.size(1) / 2;
  return down_proj.forward(
      ops::gated_activation(both.narrow(1, 0, size), both.narrow(1, size, size), activation), dropout);
}

}  // namespace xlt
