// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

namespace xlt {

namespace {

std::vector<at::Tensor> gradients_of(const std::vector<TrainedTensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const TrainedTensor& parameter : parameters)
    if (parameter.tensor.grad().defined()) gradients.push_back(parameter.tensor.grad());
  return gradients;
}

// Where there is nothing to read back for: on the CPU the factor is a number, and gradients that are small
// enough are not gone through.
void scale_on_cpu(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double max_norm) {
  const double factor = max_norm / (norm.item<double>() + 1e-6);
  if (factor >= 1) return;
  for (const at::Tensor& gradient : gradients) gradient.mul_(factor);
}

// One operator takes tensors of one device.
void scale_by_device(const std::vector<at::Tensor>& gradients, const at::Tensor& factor) {
  std::map<at::DeviceIndex, std::vector<at::Tensor>> by_device;
  for (const at::Tensor& gradient : gradients) by_device[gradient.device().index()].push_back(gradient);
  for (const auto& [index, own] : by_device) at::_foreach_mul_(own, factor.to(own.front().device()));
}

}  // namespace

at::Tensor clip_grad_norm(const std::vector<TrainedTensor>& parameters, double max_norm, bool as_on_gpu) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> gradients = gradients_of(parameters);
  if (gradients.empty())
    return at::zeros({}, parameters.empty() ? at::kCPU : parameters.front().tensor.device());
  std::vector<at::Tensor> norms = at::_foreach_norm(gradients, 2, at::kFloat);
  for (at::Tensor& norm : norms) norm = norm.to(norms.front().device());
  const at::Tensor norm = at::linalg_vector_norm(at::stack(norms));
  if (max_norm <= 0) return norm;
  if (norm.is_cpu() && !as_on_gpu)
    scale_on_cpu(gradients, norm, max_norm);
  else
    scale_by_device(gradients, ((norm + 1e-6).reciprocal() * max_norm).clamp_max(1));
  return norm;
}

}  // namespace xlt
