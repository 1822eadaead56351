// SPDX-License-Identifier: Apache-2.0
// nf4: checks, autograd and the choice of backend.
#include "xlt/ops/matmul/nf4.h"

#include "ops/dispatch.h"
#include "ops/matmul/matmul.h"
#include "ops/matmul/nf4_kernels.h"

#include <algorithm>
#include <iterator>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// From here on, widening each weight once more for every row costs more than a product's own pass over it.
constexpr int64_t kFewRows = 16;

at::Tensor device_product(const at::Tensor& x, const Nf4Weight& weight) {
  if (x.size(0) > kFewRows || x.scalar_type() == at::kDouble)
    return ops::linear(x, nf4_dequantize(weight, x.scalar_type()));
  const at::Tensor rows = x.to(at::kFloat).contiguous();
  at::Tensor y = at::empty({x.size(0), weight.out}, rows.options());
  if (y.numel() > 0) {
    [[maybe_unused]] const Nf4ProductArgs args{rows.const_data_ptr<float>(),
                                               y.mutable_data_ptr<float>(),
                                               x.size(0),
                                               weight.in,
                                               weight.out,
                                               weight.codes.const_data_ptr<uint8_t>(),
                                               weight.absmax.const_data_ptr<float>()};
    XLT_DISPATCH_CUDA(x.device(), nf4_product, args);
  }
  return y.to(x.scalar_type());
}

// x · weightᵀ, or x · weight.
at::Tensor product(const at::Tensor& x, const Nf4Weight& weight, bool transposed) {
  if (runs_cpu_kernels(x.device()) && cpu_matmul_suits() && x.scalar_type() != at::kDouble && x.numel() > 0 &&
      weight.codes.numel() > 0)
    return matmul_nf4(x, weight, transposed);
  if (transposed) return ops::linear(x, nf4_dequantize(weight, x.scalar_type()).t());
  if (runs_cpu_kernels(x.device())) return ops::linear(x, nf4_dequantize(weight, x.scalar_type()));
  return device_product(x, weight);
}

class Nf4LinearFunction : public torch::autograd::Function<Nf4LinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const Nf4Weight& weight) {
    context->save_for_backward({weight.codes, weight.absmax});
    context->saved_data["out"] = weight.out;
    context->saved_data["in"] = weight.in;
    return product(x, weight, false);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Nf4Weight weight{context->saved_data["out"].toInt(), context->saved_data["in"].toInt(), saved[0],
                           saved[1]};
    return {product(gradients[0].contiguous(), weight, true), at::Tensor()};
  }
};

int64_t rounded_up(int64_t count, int64_t parts) { return (count + parts - 1) / parts; }

}  // namespace

at::Tensor nf4_levels() {
  const Nf4Levels levels;
  at::Tensor tensor = at::empty({16}, at::kFloat);
  std::copy(std::begin(levels.level), std::end(levels.level), tensor.mutable_data_ptr<float>());
  return tensor;
}

Nf4Weight nf4_quantize(const at::Tensor& weight) {
  XLT_CHECK(weight.dim() == 2, "nf4_quantize: weight ", weight.sizes(), "; expected [out, in]");
  const at::Tensor dense = weight.contiguous();
  Nf4Weight result{weight.size(0), weight.size(1),
                   at::empty({rounded_up(weight.numel(), 2)}, weight.options().dtype(at::kByte)),
                   at::empty({rounded_up(weight.numel(), kNf4Block)}, weight.options().dtype(at::kFloat))};
  result.source = weight.scalar_type();
  if (weight.numel() == 0) return result;
  const Nf4Args args{kernel_dtype(dense),
                     dense.numel(),
                     dense.const_data_ptr(),
                     nullptr,
                     result.codes.mutable_data_ptr<uint8_t>(),
                     result.absmax.mutable_data_ptr<float>()};
  XLT_DISPATCH(weight.device(), nf4_quantize, args);
  return result;
}

Nf4Weight nf4_quantize_double(const at::Tensor& weight) {
  Nf4Weight result = nf4_quantize(weight);
  result.scales = quantize_scales(result.absmax);
  result.absmax = dequantize_scales(result.scales).to(result.absmax.device());
  return result;
}

at::Tensor nf4_dequantize(const Nf4Weight& weight, at::ScalarType dtype) {
  at::Tensor dense = at::empty({weight.out, weight.in}, weight.absmax.options().dtype(dtype));
  if (dense.numel() == 0) return dense;
  const Nf4Args args{kernel_dtype(dense),
                     dense.numel(),
                     nullptr,
                     dense.mutable_data_ptr(),
                     const_cast<uint8_t*>(weight.codes.const_data_ptr<uint8_t>()),
                     const_cast<float*>(weight.absmax.const_data_ptr<float>())};
  XLT_DISPATCH(dense.device(), nf4_dequantize, args);
  return dense;
}

at::Tensor nf4_linear(const at::Tensor& x, const Nf4Weight& weight) {
  XLT_CHECK(x.dim() == 2 && x.size(1) == weight.in, "nf4_linear: x ", x.sizes(), " does not fit a weight [",
            weight.out, ", ", weight.in, "]");
  if (at::GradMode::is_enabled() && x.requires_grad()) return Nf4LinearFunction::apply(x, weight);
  return product(x, weight, false);
}

}  // namespace xlt::ops
