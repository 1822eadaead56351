// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/dropout.h"

#include "ops/dropout_hash.h"
#include "ops/lanes.h"

#include <limits>

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr int64_t kGrain = 32768;  // elements a thread takes at least

template <typename T>
XLT_INLINE void drop_of(const T* __restrict__ x, T* __restrict__ y, int64_t begin, int64_t end,
                        const DropoutRule& rule) {
  const DropoutRule local = rule;
  const uint32_t first = static_cast<uint32_t>(begin), count = static_cast<uint32_t>(end - begin);
  x += begin;
  y += begin;
  for (uint32_t i = 0; i < count; ++i)
    y[i] = narrow<T>(widen(x[i]) * static_cast<Accumulator<T>>(dropout_factor(local, first + i)));
}

XLT_CPU_KERNEL void drop(const float* x, float* y, int64_t begin, int64_t end, const DropoutRule& rule) {
  drop_of(x, y, begin, end, rule);
}
XLT_CPU_KERNEL void drop(const double* x, double* y, int64_t begin, int64_t end, const DropoutRule& rule) {
  drop_of(x, y, begin, end, rule);
}
XLT_CPU_KERNEL void drop(const c10::BFloat16* x, c10::BFloat16* y, int64_t begin, int64_t end,
                         const DropoutRule& rule) {
  drop_of(x, y, begin, end, rule);
}
XLT_CPU_KERNEL void drop(const c10::Half* x, c10::Half* y, int64_t begin, int64_t end,
                         const DropoutRule& rule) {
  drop_of(x, y, begin, end, rule);
}

// The factors themselves, where there is no kernel for the device: made on the CPU and sent there.
at::Tensor factors(const at::Tensor& x, const DropoutRule& rule) {
  at::Tensor ones = at::empty(x.sizes(), at::kFloat).fill_(1), result = at::empty_like(ones);
  const float* from = ones.const_data_ptr<float>();
  float* to = result.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain,
                   [&](int64_t begin, int64_t end) { drop(from, to, begin, end, rule); });
  return result.to(x.options());
}

at::Tensor dropped(const at::Tensor& x, double p, uint64_t key) {
  const DropoutRule rule(p, key);
  if (!x.is_cpu()) return x * factors(x, rule);
  const at::Tensor input = x.contiguous();
  at::Tensor y = at::empty(x.sizes(), x.options());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, x.scalar_type(), "dropout", [&] {
    const scalar_t* from = input.const_data_ptr<scalar_t>();
    scalar_t* to = y.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, x.numel(), kGrain,
                     [&](int64_t begin, int64_t end) { drop(from, to, begin, end, rule); });
  });
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
  XLT_CHECK(options.p >= 0 && options.p < 1, "dropout of ", options.p, "; expected 0 ≤ p < 1");
  XLT_CHECK(x.numel() < std::numeric_limits<uint32_t>::max(), "dropout on ", x.numel(), " elements");
  if (options.p == 0 || x.numel() == 0) return x;
  if (at::GradMode::is_enabled() && x.requires_grad())
    return DropoutFunction::apply(x, options.p, static_cast<int64_t>(options.key));
  return dropped(x, options.p, options.key);
}

}  // namespace xlt::ops
