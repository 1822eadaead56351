// SPDX-License-Identifier: Apache-2.0
// layer_norm in plain ATen: the oracle of its kernels.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/rsqrt.h>

namespace xlt::reference {

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const at::ScalarType wide = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor values = x.to(wide), centred = values - values.mean(-1, /*keepdim=*/true);
  const at::Tensor normed = centred * at::rsqrt((centred * centred).mean(-1, /*keepdim=*/true) + eps);
  const at::Tensor scaled = normed * weight.to(wide);
  return (bias.defined() ? scaled + bias.to(wide) : scaled).to(x.scalar_type());
}

}  // namespace xlt::reference
