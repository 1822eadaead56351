// SPDX-License-Identifier: Apache-2.0
// rms_norm: checks, autograd and the choice of backend.
#include "xlt/ops/norm/rms_norm.h"

#include "ops/dispatch.h"
#include "ops/norm/residual.h"
#include "ops/norm/rms_norm_kernels.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

RmsNormShape shape_of(const at::Tensor& x, bool one_plus) {
  const int64_t columns = x.size(-1);
  return {kernel_dtype(x), columns == 0 ? 0 : x.numel() / columns, columns, one_plus};
}

at::ScalarType accumulator_of(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

// x and weight contiguous. `inverse_rms` is filled if defined.
at::Tensor forward_kernel(const at::Tensor& x, const at::Tensor& weight, double eps, bool one_plus,
                          const at::Tensor& inverse_rms, const ResidualSum& of = {}) {
  at::Tensor y = at::empty_like(x);
  if (x.numel() == 0) return y;
  RmsNormForward args{
      shape_of(x, one_plus), eps,
      x.const_data_ptr(),    weight.const_data_ptr(),
      y.mutable_data_ptr(),  inverse_rms.defined() ? inverse_rms.mutable_data_ptr() : nullptr};
  if (of.sum.defined()) {
    args.residual = of.residual.const_data_ptr();
    args.sum = of.sum.mutable_data_ptr();
  }
  XLT_DISPATCH(x.device(), rms_norm_forward, args);
  return y;
}

// Gradients of x and weight; an unwanted one is left undefined. `sum_gradient`, if defined, is added to x's.
tensor_list backward_kernel(const at::Tensor& y_gradient, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& inverse_rms, bool one_plus, bool want_x, bool want_weight,
                            const at::Tensor& sum_gradient = {}) {
  RmsNormBackward args{shape_of(x, one_plus), y_gradient.const_data_ptr(), x.const_data_ptr(),
                       weight.const_data_ptr(), inverse_rms.const_data_ptr()};
  if (sum_gradient.defined()) args.sum_gradient = sum_gradient.const_data_ptr();
  args.blocks = std::clamp<int64_t>(args.shape.rows / 32, 1, 128);
  at::Tensor x_gradient, partial_sums;
  if (want_x) {
    x_gradient = at::empty_like(x);
    args.x_gradient = x_gradient.mutable_data_ptr();
  }
  if (want_weight) {
    partial_sums = at::empty({args.blocks, args.shape.columns}, x.options().dtype(accumulator_of(x)));
    args.weight_gradients = partial_sums.mutable_data_ptr();
  }
  if (x.numel() > 0) {
    XLT_DISPATCH(x.device(), rms_norm_backward, args);
  } else if (want_weight) {
    partial_sums.zero_();
  }
  if (!want_weight) return {x_gradient, at::Tensor()};
  return {x_gradient, partial_sums.sum(0).to(weight.scalar_type())};
}

class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            double eps, bool one_plus) {
    const at::Tensor rows = x.contiguous();
    const at::Tensor inverse_rms =
        at::empty({shape_of(rows, one_plus).rows}, x.options().dtype(accumulator_of(x)));
    const at::Tensor y = forward_kernel(rows, weight.contiguous(), eps, one_plus, inverse_rms);
    context->save_for_backward({x, weight, inverse_rms});
    context->saved_data["one_plus"] = one_plus;
    return y;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    tensor_list result = backward_kernel(
        gradients[0].contiguous(), saved[0].contiguous(), saved[1].contiguous(), saved[2],
        context->saved_data["one_plus"].toBool(), context->needs_input_grad(0), context->needs_input_grad(1));
    result.resize(4);
    return result;
  }
};

class AddRmsNormFunction : public torch::autograd::Function<AddRmsNormFunction> {
 public:
  static tensor_list forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& residual,
                             const at::Tensor& weight, double eps, bool one_plus) {
    const at::Tensor rows = x.contiguous(), sum = at::empty_like(rows);
    const at::Tensor inverse_rms =
        at::empty({shape_of(rows, one_plus).rows}, x.options().dtype(accumulator_of(x)));
    const at::Tensor y =
        forward_kernel(rows, weight.contiguous(), eps, one_plus, inverse_rms, {residual.contiguous(), sum});
    context->save_for_backward({sum, weight, inverse_rms});
    context->set_materialize_grads(false);  // one of the two may go unused
    context->saved_data["one_plus"] = one_plus;
    return {sum, y};
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const auto of_norm = [&](const at::Tensor& gradient, bool wants_sum, const at::Tensor& sum_gradient) {
      return backward_kernel(gradient, saved[0], saved[1].contiguous(), saved[2],
                             context->saved_data["one_plus"].toBool(), wants_sum,
                             context->needs_input_grad(2), sum_gradient);
    };
    return residual_backward(context, gradients, 5, of_norm);
  }
};

void check_operands(const at::Tensor& x, const at::Tensor& weight) {
  XLT_CHECK(x.dim() >= 1 && weight.dim() == 1 && weight.size(0) == x.size(-1), "rms_norm: x ", x.sizes(),
            " needs a weight of its last size, got ", weight.sizes());
  XLT_CHECK(weight.scalar_type() == x.scalar_type() && weight.device() == x.device(),
            "rms_norm: x and weight need one dtype and device, got ", x.toString(), " and ",
            weight.toString());
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, RmsNormCasting casting) {
  check_operands(x, weight);
  const bool one_plus = casting == RmsNormCasting::kOnePlusWeight;
  if (at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad())) {
    return RmsNormFunction::apply(x, weight, eps, one_plus);
  }
  return forward_kernel(x.contiguous(), weight.contiguous(), eps, one_plus, {});
}

std::pair<at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x, const at::Tensor& residual,
                                               const at::Tensor& weight, double eps, RmsNormCasting casting) {
  check_operands(x, weight);
  check_residual("add_rms_norm", x, residual);
  const bool one_plus = casting == RmsNormCasting::kOnePlusWeight;
  if (at::GradMode::is_enabled() &&
      (x.requires_grad() || residual.requires_grad() || weight.requires_grad())) {
    const tensor_list both = AddRmsNormFunction::apply(x, residual, weight, eps, one_plus);
    return {both[0], both[1]};
  }
  const at::Tensor rows = x.contiguous(), sum = at::empty_like(rows);
  const at::Tensor y =
      forward_kernel(rows, weight.contiguous(), eps, one_plus, {}, {residual.contiguous(), sum});
  return {sum, y};
}

}  // namespace xlt::ops
