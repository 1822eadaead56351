// SPDX-License-Identifier: Apache-2.0
// layer_norm: checks, autograd and the choice of backend.
#include "xlt/ops/norm/layer_norm.h"

#include "ops/dispatch.h"
#include "ops/norm/layer_norm_kernels.h"
#include "ops/norm/residual.h"

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

// What backward needs of a row; undefined where nothing is to be differentiated.
struct Moments {
  at::Tensor mean, inverse_deviation;
};
Moments moments_of(const at::Tensor& x) {
  const int64_t rows = shape_of(x).rows;
  return {accumulators(x, {rows}), accumulators(x, {rows})};
}

// x, weight and bias contiguous. `moments` are filled if defined.
at::Tensor forward_kernel(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                          const Moments& moments, const ResidualSum& of = {}) {
  at::Tensor y = at::empty_like(x);
  if (x.numel() == 0) return y;
  const LayerNormForward args{shape_of(x),
                              eps,
                              x.const_data_ptr(),
                              weight.const_data_ptr(),
                              data_of(bias),
                              y.mutable_data_ptr(),
                              mutable_data_of(moments.mean),
                              mutable_data_of(moments.inverse_deviation),
                              data_of(of.residual),
                              mutable_data_of(of.sum)};
  XLT_DISPATCH(x.device(), layer_norm_forward, args);
  return y;
}

// Which gradients are asked for; the others are left undefined.
struct Wanted {
  bool x, weight, bias;
};

// Gradients of x, weight and bias, from contiguous operands. `sum_gradient`, if defined, is added to x's.
tensor_list backward_kernel(const at::Tensor& y_gradient, const at::Tensor& x, const at::Tensor& weight,
                            const Moments& moments, const Wanted& wanted, const at::Tensor& sum_gradient) {
  LayerNormBackward args{shape_of(x),
                         y_gradient.const_data_ptr(),
                         x.const_data_ptr(),
                         weight.const_data_ptr(),
                         moments.mean.const_data_ptr(),
                         moments.inverse_deviation.const_data_ptr()};
  args.blocks = std::clamp<int64_t>(args.shape.rows / 32, 1, 128);
  const auto partial_sums = [&](bool is_wanted) {
    return is_wanted ? accumulators(x, {args.blocks, args.shape.columns}) : at::Tensor();
  };
  const at::Tensor x_gradient = wanted.x ? at::empty_like(x) : at::Tensor(),
                   weight_sums = partial_sums(wanted.weight), bias_sums = partial_sums(wanted.bias);
  args.x_gradient = mutable_data_of(x_gradient);
  args.weight_gradients = mutable_data_of(weight_sums);
  args.bias_gradients = mutable_data_of(bias_sums);
  args.sum_gradient = data_of(sum_gradient);
  if (x.numel() > 0) XLT_DISPATCH(x.device(), layer_norm_backward, args);
  const auto total = [&](const at::Tensor& sums) {
    if (!sums.defined()) return sums;
    return (x.numel() > 0 ? sums : sums.zero_()).sum(0).to(weight.scalar_type());
  };
  return {x_gradient, total(weight_sums), total(bias_sums)};
}

at::Tensor contiguous(const std::optional<at::Tensor>& x) { return x ? x->contiguous() : at::Tensor(); }

class LayerNormFunction : public torch::autograd::Function<LayerNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, double eps) {
    const Moments moments = moments_of(x);
    const at::Tensor y = forward_kernel(x.contiguous(), weight.contiguous(), contiguous(bias), eps, moments);
    context->save_for_backward({x, weight, moments.mean, moments.inverse_deviation});
    context->saved_data["has_bias"] = bias.has_value();
    return y;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const bool has_bias = context->saved_data["has_bias"].toBool();  // an undefined input has no place
    const Wanted wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                        has_bias && context->needs_input_grad(2)};
    tensor_list result = backward_kernel(gradients[0].contiguous(), saved[0].contiguous(),
                                         saved[1].contiguous(), {saved[2], saved[3]}, wanted, {});
    result.resize(4);
    return result;
  }
};

class AddLayerNormFunction : public torch::autograd::Function<AddLayerNormFunction> {
 public:
  static tensor_list forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& residual,
                             const at::Tensor& weight, const std::optional<at::Tensor>& bias, double eps) {
    const Moments moments = moments_of(x);
    const at::Tensor rows = x.contiguous(), sum = at::empty_like(rows);
    const at::Tensor y = forward_kernel(rows, weight.contiguous(), contiguous(bias), eps, moments,
                                        {residual.contiguous(), sum});
    context->save_for_backward({sum, weight, moments.mean, moments.inverse_deviation});
    context->set_materialize_grads(false);  // one of the two may go unused
    context->saved_data["has_bias"] = bias.has_value();
    return {sum, y};
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const auto of_norm = [&](const at::Tensor& gradient, bool wants_sum, const at::Tensor& sum_gradient) {
      const Wanted wanted{wants_sum, context->needs_input_grad(2), has_bias && context->needs_input_grad(3)};
      return backward_kernel(gradient, saved[0], saved[1].contiguous(), {saved[2], saved[3]}, wanted,
                             sum_gradient);
    };
    return residual_backward(context, gradients, 5, of_norm);
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
                        {});
}

std::pair<at::Tensor, at::Tensor> add_layer_norm(const at::Tensor& x, const at::Tensor& residual,
                                                 const at::Tensor& weight, const at::Tensor& bias,
                                                 double eps) {
  check_parameter(x, weight);
  if (bias.defined()) check_parameter(x, bias);
  check_residual("add_layer_norm", x, residual);
  const bool needs_gradient = x.requires_grad() || residual.requires_grad() || weight.requires_grad() ||
                              (bias.defined() && bias.requires_grad());
  if (at::GradMode::is_enabled() && needs_gradient) {
    const tensor_list both = AddLayerNormFunction::apply(
        x, residual, weight, bias.defined() ? std::optional(bias) : std::nullopt, eps);
    return {both[0], both[1]};
  }
  const at::Tensor rows = x.contiguous(), sum = at::empty_like(rows);
  const at::Tensor y = forward_kernel(rows, weight.contiguous(), bias.defined() ? bias.contiguous() : bias,
                                      eps, {}, {residual.contiguous(), sum});
  return {sum, y};
}

}  // namespace xlt::ops
