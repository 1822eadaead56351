// SPDX-License-Identifier: Apache-2.0
// rope: checks, autograd and the choice of backend.
#include "xlt/ops/elementwise/rope.h"

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

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, bool interleaved,
                  double direction) {
  const at::Tensor input = x.stride(-1) == 1 ? x : x.contiguous();
  at::Tensor y = at::empty(x.sizes(), x.options());
  if (x.numel() == 0) return y;
  const RopeArgs args{kernel_dtype(x),
                      x.size(0),
                      x.size(1),
                      x.size(2) / 2,
                      interleaved,
                      input.stride(0),
                      input.stride(1),
                      direction,
                      input.const_data_ptr(),
                      cos.const_data_ptr<float>(),
                      sin.const_data_ptr<float>(),
                      y.mutable_data_ptr()};
  XLT_DISPATCH(x.device(), rope, args);
  return y;
}

class RopeFunction : public torch::autograd::Function<RopeFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos,
                            const at::Tensor& sin, bool interleaved) {
    context->save_for_backward({cos, sin});
    context->saved_data["interleaved"] = interleaved;
    return rotate(x, cos, sin, interleaved, 1);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    return {rotate(gradients[0], saved[0], saved[1], context->saved_data["interleaved"].toBool(), -1),
            {},
            {},
            {}};
  }
};

}  // namespace

RopeAngles rope_angles(const at::Tensor& position_ids, const at::Tensor& inverse_frequencies) {
  XLT_CHECK(position_ids.dim() == 1 && inverse_frequencies.dim() == 1 &&
                inverse_frequencies.scalar_type() == at::kFloat,
            "rope_angles: positions ", position_ids.sizes(), ", inverse frequencies ",
            inverse_frequencies.toString(), " ", inverse_frequencies.sizes());
  const at::Tensor angles = position_ids.to(at::kFloat).unsqueeze(1) * inverse_frequencies;
  return {angles.cos(), angles.sin()};
}

at::Tensor rope(const at::Tensor& x, const RopeAngles& angles, RopeLayout layout) {
  XLT_CHECK(x.dim() == 3 && x.size(2) % 2 == 0 && angles.cos.dim() == 2 && angles.cos.size(0) == x.size(0) &&
                angles.cos.size(1) == x.size(2) / 2 && angles.sin.sizes() == angles.cos.sizes(),
            "rope: x ", x.sizes(), " [N, H, D] needs angles [N, D/2], got ", angles.cos.sizes());
  const at::Tensor cos = angles.cos.to(at::kFloat).contiguous(), sin = angles.sin.to(at::kFloat).contiguous();
  const bool interleaved = layout == RopeLayout::kInterleaved;
  if (at::GradMode::is_enabled() && x.requires_grad()) return RopeFunction::apply(x, cos, sin, interleaved);
  return rotate(x, cos, sin, interleaved, 1);
}

}  // namespace xlt::ops
