// SPDX-License-Identifier: Apache-2.0
// activation: autograd and the choice of backend. On the CPU ours, whose results do not change where vectors
// end; torch's on a device, which has no vectors.
#include "xlt/ops/elementwise/activation.h"

#include "ops/dispatch.h"
#include "ops/elementwise/activation_kernel.h"
#include "ops/reference.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/silu_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <torch/csrc/autograd/custom_function.h>

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

at::Tensor forward_of(const at::Tensor& x, Activation activation) {
  if (!x.is_cpu()) return reference::activation(x, activation);
  const at::Tensor dense = x.contiguous(), y = at::empty_like(dense);
  cpu::activation({kernel_dtype(x), activation, x.numel(), dense.const_data_ptr(), y.mutable_data_ptr()}, {});
  return y;
}

at::Tensor gradient_of(const at::Tensor& gradient, const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return at::silu_backward(gradient, x);
    case Activation::kGeluTanh:
      return at::gelu_backward(gradient, x, "tanh");
    case Activation::kGelu:
      return at::gelu_backward(gradient, x);
    case Activation::kRelu:
      break;
  }
  return at::threshold_backward(gradient, x, 0);
}

class ActivationFunction : public torch::autograd::Function<ActivationFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, int64_t activation) {
    context->save_for_backward({x});
    context->saved_data["activation"] = activation;
    return forward_of(x, static_cast<Activation>(activation));
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    return {gradient_of(gradients[0], context->get_saved_variables()[0], activation), {}};
  }
};

}  // namespace

at::Tensor activation(const at::Tensor& x, Activation activation) {
  if (at::GradMode::is_enabled() && x.requires_grad())
    return ActivationFunction::apply(x, static_cast<int64_t>(activation));
  return forward_of(x, activation);
}

}  // namespace xlt::ops
