// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

namespace xlt {

double clip_grad_norm(const std::vector<TrainedTensor>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  for (const TrainedTensor& parameter : parameters)
    if (const at::Tensor& gradient = parameter.tensor.grad(); gradient.defined())
      norms.push_back(at::linalg_vector_norm(gradient.to(at::kFloat)));
  if (norms.empty()) return 0.0;
  const double norm = at::linalg_vector_norm(at::stack(norms)).item<double>();
  const double factor = max_norm / (norm + 1e-6);
  if (max_norm > 0 && factor < 1)
    for (const TrainedTensor& parameter : parameters)
      if (parameter.tensor.grad().defined()) parameter.tensor.mutable_grad().mul_(factor);
  return norm;
}

}  // namespace xlt
