// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/elementwise/dropout.h"

#include "ops/dispatch.h"
#include "ops/elementwise/dropout_kernels.h"

#include <limits>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

void check(const at::Tensor& x, const Dropout& options) {
  XLT_CHECK(options.p >= 0 && options.p < 1, "dropout of ", options.p, "; expected 0 ≤ p < 1");
  XLT_CHECK(x.numel() < std::numeric_limits<uint32_t>::max(), "dropout on ", x.numel(), " elements");
  if (!options.rows.defined() || x.numel() == 0) return;
  XLT_CHECK(options.rows.scalar_type() == at::kLong && options.rows.device() == x.device() &&
                options.rows.numel() == x.numel() / x.size(-1),
            "dropout: names ", options.rows.toString(), " ", options.rows.sizes(), " for the rows of x ",
            x.sizes());
}

void drop_into(at::Tensor& y, const at::Tensor& x, const Dropout& options, bool add) {
  const at::Tensor input = x.contiguous();
  const at::Tensor names = options.rows.defined() ? options.rows.contiguous() : at::Tensor();
  const int64_t width = x.dim() == 0 ? 1 : x.size(-1);
  const DropoutArgs args{kernel_dtype(x),
                         x.numel() / width,
                         width,
                         names.defined() ? names.const_data_ptr<int64_t>() : nullptr,
                         input.const_data_ptr(),
                         y.mutable_data_ptr(),
                         DropoutRule(options.p, options.key),
                         add};
  XLT_DISPATCH(x.device(), dropout, args);
}

at::Tensor dropped(const at::Tensor& x, const Dropout& options) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  drop_into(y, x, options, /*add=*/false);
  return y;
}

class DropoutFunction : public torch::autograd::Function<DropoutFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double p, int64_t key,
                            const std::optional<at::Tensor>& rows) {
    const Dropout options{p, static_cast<uint64_t>(key), rows.value_or(at::Tensor())};
    context->saved_data["p"] = p;
    context->saved_data["key"] = key;
    context->save_for_backward({options.rows});
    return dropped(x, options);
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const Dropout options{context->saved_data["p"].toDouble(),
                          static_cast<uint64_t>(context->saved_data["key"].toInt()),
                          context->get_saved_variables()[0]};
    return {dropped(gradients[0], options), {}, {}, {}};
  }
};

}  // namespace

at::Tensor dropout(const at::Tensor& x, const Dropout& options) {
  check(x, options);
  if (options.p == 0 || x.numel() == 0) return x;
  if (at::GradMode::is_enabled() && x.requires_grad())
    return DropoutFunction::apply(x, options.p, static_cast<int64_t>(options.key),
                                  options.rows.defined() ? std::optional(options.rows) : std::nullopt);
  return dropped(x, options);
}

void add_dropout(at::Tensor& y, const at::Tensor& x, const Dropout& options) {
  check(x, options);
  XLT_CHECK(y.sizes() == x.sizes() && y.scalar_type() == x.scalar_type() && y.device() == x.device() &&
                y.is_contiguous(),
            "add_dropout: y ", y.toString(), " ", y.sizes(), " is not dense or not as x, ", x.toString(), " ",
            x.sizes());
  if (x.numel() > 0) drop_into(y, x, options, /*add=*/true);
}

}  // namespace xlt::ops
