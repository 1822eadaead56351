// SPDX-License-Identifier: Apache-2.0
// rope in plain ATen: the oracle of its kernel.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

namespace xlt::reference {

at::Tensor rope(const at::Tensor& x, const ops::RopeAngles& angles, ops::RopeLayout layout) {
  const at::ScalarType wide = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const int64_t half = x.size(-1) / 2;
  const at::Tensor cos = angles.cos.unsqueeze(1).to(wide), sin = angles.sin.unsqueeze(1).to(wide);
  if (layout == ops::RopeLayout::kInterleaved) {
    const at::Tensor first = x.slice(-1, 0, 2 * half, 2).to(wide),
                     second = x.slice(-1, 1, 2 * half, 2).to(wide);
    return at::stack({first * cos - second * sin, second * cos + first * sin}, -1)
        .flatten(-2)
        .to(x.scalar_type());
  }
  const at::Tensor first = x.narrow(-1, 0, half).to(wide), second = x.narrow(-1, half, half).to(wide);
  return at::cat({first * cos - second * sin, second * cos + first * sin}, -1).to(x.scalar_type());
}

}  // namespace xlt::reference
