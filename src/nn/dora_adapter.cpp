// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/dora_adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>

#include "xlt/ops/matmul/linear.h"

namespace xlt {

at::Tensor row_lengths(const at::Tensor& weight) {
  const at::NoGradGuard no_grad;
  return at::linalg_vector_norm(weight, 2, at::IntArrayRef{1});
}

at::Tensor DoraAdapter::factor(const at::Tensor& weight) const {
  at::Tensor lengths;
  {
    const at::NoGradGuard no_grad;
    lengths = row_lengths(weight + at::matmul(b, a) * scale);
  }
  return magnitude / lengths;
}

at::Tensor DoraAdapter::forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias,
                                const ops::Dropout& mask) const {
  const at::Tensor lengthened = factor(dense(weight, at::kFloat)).to(x.scalar_type());
  const at::Tensor base = product(x, weight);
  const at::Tensor dropped = mask.p > 0 ? ops::dropout(x, mask) : x;
  const at::Tensor base_of_dropped = mask.p > 0 ? product(dropped, weight) : base;
  const at::Tensor y =
      base + (lengthened - 1) * base_of_dropped + lengthened * ops::lora_update(dropped, a, b, scale);
  return bias.defined() ? y + bias : y;
}

void DoraAdapter::visit_tensors(const TensorVisitor& take) {
  LoraAdapter::visit_tensors(take);
  take("lora_magnitude_vector", magnitude);
}

at::Tensor DoraAdapter::merged(const at::Tensor& weight) const {
  return factor(weight).unsqueeze(1) * LoraAdapter::merged(weight);
}

}  // namespace xlt
