// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/elementwise/dropout.h"

#include "ops/dispatch.h"
#include "ops/elementwise/dropout_kernels.h"

#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

void check(const at::Tensor& x, double p) {
  XLT_CHECK(p >= 0 && p < 1, "dropout of ", p, "; expected 0 ≤ p < 1");
  XLT_CHECK(x.numel() < std::numeric_limits<uint32_t>::max(), "dropout on ", x.numel(), " elements");
}

void drop_into(at::Tensor& y, const at::Tensor& x, double p, uint64_t key, bool add) {
  const at::Tensor input = x.contiguous();
  const DropoutArgs args{kernel_dtype(x),      x.numel(),           input.const_data_ptr(),
                         y.mutable_data_ptr(), DropoutRule(p, key), add};
  XLT_DISPATCH(x.device(), dropout, args);
}

at::Tensor dropped(const at::Tensor& x, double p, uint64_t key) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  drop_into(y, x, p, key, false);
  return y;
}

class DropoutFunction : public torch::autograd::Function<DropoutFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double p, int64_t key) {
    context->saved_data["p"] = p;
    context->saved_data["key"] = key;
    return dropped(x, p, static_cast<uint64_t>(key));
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    return {dropped(gradients[0], context->saved_data["p"].toDouble(),
                    static_cast<uint64_t>(context->saved_data["key"].toInt())),
            {},
            {}};
  }
};

}  // namespace

at::Tensor dropout(const at::Tensor& x, const Dropout& options) {
  check(x, options.p);
  if (options.p == 0 || x.numel() == 0) return x;
  if (at::GradMode::is_enabled() && x.requires_grad())
    return DropoutFunction::apply(x, options.p, static_cast<int64_t>(options.key));
  return dropped(x, options.p, options.key);
}

void add_dropout(at::Tensor& y, const at::Tensor& x, const Dropout& options) {
  check(x, options.p);
  XLT_CHECK(y.sizes() == x.sizes() && y.scalar_type() == x.scalar_type() && y.device() == x.device() &&
                y.is_contiguous(),
            "add_dropout: y ", y.toString(), " ", y.sizes(), " is not dense or not as x, ", x.toString(), " ",
            x.sizes());
  if (x.numel() > 0) drop_into(y, x, options.p, options.key, true);
}

}  // namespace xlt::ops
