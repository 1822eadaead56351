// SPDX-License-Identifier: Apache-2.0
// token_logps with all logits at once.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tanh.h>

namespace xlt::reference {

at::Tensor token_logps(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                       const ops::HeadOptions& options) {
  const at::ScalarType wide = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor logits = at::matmul(hidden.to(wide), weight.to(wide).t()) * options.logit_scale;
  if (options.softcap > 0) logits = at::tanh(logits / options.softcap) * options.softcap;
  return at::log_softmax(logits, -1).gather(1, targets.unsqueeze(1)).squeeze(1);
}

}  // namespace xlt::reference
