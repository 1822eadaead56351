// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/mlp.h"

namespace xlt {

at::Tensor Mlp::forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const {
  return down.forward(ops::activation(up.forward(x, dropout), activation), dropout);
}

}  // namespace xlt
