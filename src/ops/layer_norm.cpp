// layer_norm: checks, autograd and the choice of backend. SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/layer_norm.h"

#include "ops/dispatch.h"
#include "ops/layer_norm_kernels.h"

#include <algorithm>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

LayerNormShape shape_of(const at::Tensor& x) {
  const int64_t columns = x.size(-1);
  return {kernel_dtype(x), columns == 0 ? 0 : x.numel() / columns, columns};
}

at::Tensor accumulators(const at::Tensor& x, at::IntArrayRef sizes) {
  return at::empty(sizes, x.options().dtype(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
}

const void* data_of(const at::Tensor& x) { return x.defined() ? x.const_data_ptr() : nullptr; }
void* mutable_data_of(const at::Tensor& x) { return x.defined() ? x.mutable_data_ptr() : nullptr; }

// x, weight and bias contiguous. `mean` and `inverse_deviation` are filled if defined.
at::Tensor forward_kernel(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                          const at::Tensor& mean, const at::Tensor& inverse_deviation) {
  at::Tensor y = at::empty_like(x);
  if (x.numel() == 0) return y;
  const LayerNormForward args{shape_of(x),           eps,
                              x.const_data_ptr(),    weight.const_data_ptr(),
                              data_of(bias),         y.mutable_data_ptr(),
                              mutable_data_of(mean), mutable_data_of(inverse_deviation)};
  XLT_DISPATCH(x.device(), layer_norm_forward, args);
  return y;
}

class LayerNormFunction : public torch::autograd::Function<LayerNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, double eps) {
    const at::Tensor rows = x.contiguous();
    const int64_t count = shape_of(rows).rows;
    const at::Tensor mean = accumulators(x, {count}), inverse_deviation = accumulators(x, {count});
    const at::Tensor y = forward_kernel(rows, weight.contiguous(), bias ? bias->contiguous() : at::Tensor(),
                                        eps, mean, inverse_deviation);
    context->save_for_backward({x, weight, mean, inverse_deviation});
    context->saved_data["has_bias"] = bias.has_value();
    return y;
  }

  // Gradients of x, weight and bias; those not asked for are left undefined.
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor y_gradient = gradients[0].contiguous(), x = saved[0].contiguous(),
                     weight = saved[1].contiguous();
    LayerNormBackward args{shape_of(x),
                           y_gradient.const_data_ptr(),
                           x.const_data_ptr(),
                           weight.const_data_ptr(),
                           saved[2].const_data_ptr(),
                           saved[3].const_data_ptr()};
    args.blocks = std::clamp<int64_t>(args.shape.rows / 32, 1, 128);
    const bool has_bias = context->saved_data["has_bias"].toBool();  // an undefined input has no place
    const auto partial_sums = [&](bool wanted) {
      return wanted ? accumulators(x, {args.blocks, args.shape.columns}) : at::Tensor();
    };
    const at::Tensor x_gradient = context->needs_input_grad(0) ? at::empty_like(x) : at::Tensor(),
                     weight_sums = partial_sums(context->needs_input_grad(1)),
                     bias_sums = partial_sums(has_bias && context->needs_input_grad(2));
    args.x_gradient = mutable_data_of(x_gradient);
    args.weight_gradients = mutable_data_of(weight_sums);
    args.bias_gradients = mutable_data_of(bias_sums);
    if (x.numel() > 0) XLT_DISPATCH(x.device(), layer_norm_backward, args);
    const auto total = [&](const at::Tensor& sums) {
      if (!sums.defined()) return sums;
      return (x.numel() > 0 ? sums : sums.zero_()).sum(0).to(weight.scalar_type());
    };
    return {x_gradient, total(weight_sums), total(bias_sums), at::Tensor()};
  }
};

void check_parameter(const at::Tensor& x, const at::Tensor& parameter) {
  XLT_CHECK(x.dim() >= 1 && parameter.dim() == 1 && parameter.size(0) == x.size(-1), "layer_norm: x ",
            x.sizes(), " needs a weight and a bias of its last size, got ", parameter.sizes());
  XLT_CHECK(parameter.scalar_type() == x.scalar_type() && parameter.device() == x.device(),
            "layer_norm: x, weight and bias need one dtype and device, got ", x.toString(), " and ",
            parameter.toString());
}

}  // namespace

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  check_parameter(x, weight);
  if (bias.defined()) check_parameter(x, bias);
  const bool needs_gradient =
      x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad());
  if (at::GradMode::is_enabled() && needs_gradient)
    return LayerNormFunction::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, eps);
  return forward_kernel(x.contiguous(), weight.contiguous(), bias.defined() ? bias.contiguous() : bias, eps,
                        {}, {});
}

}  // namespace xlt::ops
