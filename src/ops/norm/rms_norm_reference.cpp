// SPDX-License-Identifier: Apache-2.0
// rms_norm in plain ATen: the oracle of its kernels.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/rsqrt.h>

namespace xlt::reference {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, ops::RmsNormCasting casting) {
  const at::ScalarType wide = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor values = x.to(wide);
  const at::Tensor normed = values * at::rsqrt((values * values).mean(-1, /*keepdim=*/true) + eps);
  if (casting == ops::RmsNormCasting::kOnePlusWeight)
    return (normed * (1.0 + weight.to(wide))).to(x.scalar_type());
  return normed.to(x.scalar_type()) * weight;
}

}  // namespace xlt::reference
