// SPDX-License-Identifier: Apache-2.0
// gated_activation: checks, autograd and the choice of backend.
#include "xlt/ops/elementwise/gated_activation.h"

#include "ops/dispatch.h"
#include "ops/elementwise/elementwise_kernels.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

at::Tensor dense_rows(const at::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

// gate and up with dense rows.
GatedActivationArgs arguments(const at::Tensor& gate, const at::Tensor& up, bool gelu) {
  return {kernel_dtype(gate), gelu,         gate.size(0),          gate.size(1),
          gate.stride(0),     up.stride(0), gate.const_data_ptr(), up.const_data_ptr()};
}

at::Tensor forward_kernel(const at::Tensor& gate, const at::Tensor& up, bool gelu) {
  at::Tensor y = at::empty(gate.sizes(), gate.options());
  if (y.numel() == 0) return y;
  GatedActivationArgs args = arguments(gate, up, gelu);
  args.y = y.mutable_data_ptr();
  XLT_DISPATCH(gate.device(), gated_activation_forward, args);
  return y;
}

class GatedActivationFunction : public torch::autograd::Function<GatedActivationFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate, const at::Tensor& up,
                            bool gelu) {
    context->save_for_backward({gate, up});
    context->saved_data["gelu"] = gelu;
    return forward_kernel(dense_rows(gate), dense_rows(up), gelu);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor gate = dense_rows(saved[0]), up = dense_rows(saved[1]),
                     y_gradient = gradients[0].contiguous();
    at::Tensor gate_gradient = at::empty(gate.sizes(), gate.options()),
               up_gradient = at::empty(up.sizes(), up.options());
    if (gate.numel() > 0) {
      GatedActivationArgs args = arguments(gate, up, context->saved_data["gelu"].toBool());
      args.y_gradient = y_gradient.const_data_ptr();
      args.gate_gradient = gate_gradient.mutable_data_ptr();
      args.up_gradient = up_gradient.mutable_data_ptr();
      XLT_DISPATCH(gate.device(), gated_activation_backward, args);
    }
    return {gate_gradient, up_gradient, {}};
  }
};

}  // namespace

at::Tensor gated_activation(const at::Tensor& gate, const at::Tensor& up, Activation activation) {
  XLT_CHECK(gate.dim() == 2 && gate.sizes() == up.sizes() && gate.scalar_type() == up.scalar_type(),
            "gated_activation: gate ", gate.toString(), " ", gate.sizes(), " and up ", up.toString(), " ",
            up.sizes(), " need one shape [N, I] and one dtype");
  if (activation != Activation::kSilu && activation != Activation::kGeluTanh)
    return ops::activation(gate, activation) * up;
  const bool gelu = activation == Activation::kGeluTanh;
  if (at::GradMode::is_enabled() && (gate.requires_grad() || up.requires_grad())) {
    return GatedActivationFunction::apply(gate, up, gelu);
  }
  return forward_kernel(dense_rows(gate), dense_rows(up), gelu);
}

}  // namespace xlt::ops
