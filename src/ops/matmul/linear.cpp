// SPDX-License-Identifier: Apache-2.0
// linear, lora_linear and lora_update: padding for batch invariance, and autograd that saves no more than it
// must.
#include "xlt/ops/matmul/linear.h"

#include "ops/matmul/matmul.h"
#include "ops/matmul/tiles.h"

#include <functional>
#include <initializer_list>
#include <optional>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/gguf.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Gradient of x [N, in] from that of y [N, out].
at::Tensor input_gradient(const at::Tensor& y_gradient, const at::Tensor& weight) {
  return matmul_nt(y_gradient,
                   is_gguf(weight) ? values_of(weight, y_gradient.scalar_type()).t() : weight.t());
}

// Gradient of the weight [out, in]: y_gradientᵀ · x.
at::Tensor weight_gradient(const at::Tensor& y_gradient, const at::Tensor& x) {
  return matmul_nt(y_gradient.t(), x.t());
}

at::Tensor padded_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const MatmulLibrary library = matmul_library_of(x, weight);
  const at::Tensor padded = pad_rows(x, x.size(0) == 0 ? 0 : invariant_rows_of(library));
  return matmul_nt(library, padded, weight, bias).narrow(0, 0, x.size(0));
}

// Autograd takes no undefined tensor among a function's arguments.
std::optional<at::Tensor> given(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

class LinearFunction : public torch::autograd::Function<LinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    // A frozen weight asks for no gradient, and so for no copy of x.
    context->save_for_backward({weight.requires_grad() ? x : at::Tensor(), weight});
    context->saved_data["has_bias"] = bias.has_value();
    return matmul_nt(x, weight, bias.value_or(at::Tensor()));
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor y_gradient = gradients[0].contiguous();
    tensor_list result(3);
    if (context->needs_input_grad(0)) result[0] = input_gradient(y_gradient, saved[1]);
    if (context->needs_input_grad(1)) result[1] = weight_gradient(y_gradient, saved[0]);
    if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(2))
      result[2] = y_gradient.sum(0);
    return result;
  }
};

// h = s·D(x)·aᵀ, D the dropout.
at::Tensor lora_hidden(const at::Tensor& x, const at::Tensor& a, double scale, const Dropout& drop) {
  return matmul_nt(dropout(x, drop), a).mul_(scale);
}

// What both LoRA functions keep for backward besides tensors.
void save_numbers(AutogradContext* context, double scale, double p, int64_t key) {
  context->saved_data["scale"] = scale;
  context->saved_data["p"] = p;
  context->saved_data["key"] = key;
}

// The gradients of y = s·D(x)·aᵀ·bᵀ: ∂b = ∂yᵀ·h, g = s·∂y·b, ∂a = gᵀ·D(x); of x, D(g·a).
struct LoraGradients {
  at::Tensor y_gradient, g;
  Dropout drop;

  LoraGradients(AutogradContext* context, const at::Tensor& gradient, const at::Tensor& b,
                const at::Tensor& names)
      : y_gradient(gradient.contiguous()),
        g(input_gradient(y_gradient, b).mul_(context->saved_data["scale"].toDouble())),
        drop{context->saved_data["p"].toDouble(), static_cast<uint64_t>(context->saved_data["key"].toInt()),
             names} {}
  void add_of_x(at::Tensor& sum, const at::Tensor& a) const {
    if (drop.p > 0)
      add_dropout(sum, input_gradient(g, a), drop);
    else
      add_matmul_nt(sum, g, a.t());
  }
  at::Tensor of_a(const at::Tensor& x) const { return weight_gradient(g, dropout(x, drop)); }
  at::Tensor of_b(const at::Tensor& h) const { return weight_gradient(y_gradient, h); }
};

class LoraLinearFunction : public torch::autograd::Function<LoraLinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& a, const at::Tensor& b, double scale, double p, int64_t key,
                            const std::optional<at::Tensor>& names, const std::optional<at::Tensor>& bias) {
    at::Tensor y = matmul_nt(x, weight, bias.value_or(at::Tensor()));
    const Dropout drop{p, static_cast<uint64_t>(key), names.value_or(at::Tensor())};
    const at::Tensor h = lora_hidden(x, a, scale, drop);
    add_matmul_nt(y, h, b);
    context->save_for_backward({x, h, weight, a, b, drop.rows});
    save_numbers(context, scale, p, key);
    return y;
  }

  // ∂x = ∂y·W + D(g·a).
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &h = saved[1], &weight = saved[2], &a = saved[3], &b = saved[4];
    const LoraGradients lora(context, gradients[0], b, saved[5]);
    tensor_list result(9);
    if (context->needs_input_grad(0)) {
      result[0] = input_gradient(lora.y_gradient, weight);
      lora.add_of_x(result[0], a);
    }
    if (context->needs_input_grad(2)) result[2] = lora.of_a(x);
    if (context->needs_input_grad(3)) result[3] = lora.of_b(h);
    return result;
  }
};

class LoraUpdateFunction : public torch::autograd::Function<LoraUpdateFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& a,
                            const at::Tensor& b, double scale, double p, int64_t key,
                            const std::optional<at::Tensor>& names) {
    const Dropout drop{p, static_cast<uint64_t>(key), names.value_or(at::Tensor())};
    const at::Tensor h = lora_hidden(x, a, scale, drop);
    context->save_for_backward({x, h, a, b, drop.rows});
    save_numbers(context, scale, p, key);
    return matmul_nt(h, b);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const LoraGradients lora(context, gradients[0], saved[3], saved[4]);
    tensor_list result(7);
    if (context->needs_input_grad(0)) {
      result[0] = input_gradient(lora.g, saved[2]);
      if (lora.drop.p > 0) result[0] = dropout(result[0], lora.drop);
    }
    if (context->needs_input_grad(1)) result[1] = lora.of_a(saved[0]);
    if (context->needs_input_grad(2)) result[2] = lora.of_b(saved[1]);
    return result;
  }
};

bool records_gradients(std::initializer_list<std::reference_wrapper<const at::Tensor>> inputs) {
  if (!at::GradMode::is_enabled()) return false;
  for (const at::Tensor& input : inputs) {
    if (input.defined() && input.requires_grad()) return true;
  }
  return false;
}

at::Tensor to_rows(const at::Tensor& x, const at::Tensor& weight) {
  XLT_CHECK(x.dim() >= 1 && columns_of(weight) == x.size(-1), "linear: x ", x.sizes(),
            " does not fit a weight ", weight.sizes(), " [out, in]");
  return x.dim() == 2 ? x : x.reshape({-1, x.size(-1)});
}

at::Tensor from_rows(const at::Tensor& y, const at::Tensor& x) {
  if (x.dim() == 2) return y;
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = y.size(1);
  return y.reshape(sizes);
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight) { return linear(x, weight, at::Tensor()); }

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor rows = to_rows(x, weight);
  if (!records_gradients({x, weight, bias})) return from_rows(padded_product(rows, weight, bias), x);
  return from_rows(LinearFunction::apply(rows, weight, given(bias)), x);
}

at::Tensor lora_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& a,
                       const at::Tensor& b, double scale, const Dropout& drop, const at::Tensor& bias) {
  const at::Tensor rows = to_rows(x, weight);
  XLT_CHECK(a.dim() == 2 && b.dim() == 2 && a.size(1) == rows.size(1) && b.size(0) == weight.size(0) &&
                a.size(0) == b.size(1),
            "lora_linear: a ", a.sizes(), " [r, in] and b ", b.sizes(), " [out, r] do not fit a weight ",
            weight.sizes());
  // Adapters are kept in float32 beside bfloat16 weights; the product runs in x's type.
  const at::Tensor a_cast = a.to(x.scalar_type()), b_cast = b.to(x.scalar_type());
  if (records_gradients({x, a, b}))
    return from_rows(LoraLinearFunction::apply(rows, weight, a_cast, b_cast, scale, drop.p,
                                               static_cast<int64_t>(drop.key), given(drop.rows), given(bias)),
                     x);
  const int64_t count = rows.size(0);
  const at::Tensor padded = pad_rows(rows, count == 0 ? 0 : invariant_rows(rows, weight));
  const at::Tensor dropped = drop.p > 0 ? pad_rows(dropout(rows, drop), padded.size(0)) : padded;
  at::Tensor y = matmul_nt(padded, weight, bias);
  add_matmul_nt(y, matmul_nt(dropped, a_cast).mul_(scale), b_cast);
  return from_rows(y.narrow(0, 0, count), x);
}

at::Tensor lora_update(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b, double scale,
                       const Dropout& drop) {
  const at::Tensor rows = to_rows(x, a);
  XLT_CHECK(b.dim() == 2 && a.size(0) == b.size(1), "lora_update: a ", a.sizes(), " [r, in] and b ",
            b.sizes(), " [out, r] do not fit each other");
  const at::Tensor a_cast = a.to(x.scalar_type()), b_cast = b.to(x.scalar_type());
  if (records_gradients({x, a, b}))
    return from_rows(LoraUpdateFunction::apply(rows, a_cast, b_cast, scale, drop.p,
                                               static_cast<int64_t>(drop.key), given(drop.rows)),
                     x);
  return from_rows(ops::linear(ops::linear(dropout(rows, drop), a_cast).mul_(scale), b_cast), x);
}

int64_t invariant_rows(const at::Tensor& x, const at::Tensor& weight) {
  return invariant_rows_of(matmul_library_of(x, weight));
}

std::string bfloat16_unit() {
  if (!cpu_matmul_takes_pairs()) return "float32";
  return has_tiles() ? "tiles (AMX)" : "pairs (AVX512_BF16)";
}

bool reads_half_weights() { return cpu_matmul_suits(); }

std::string matmul_library(const at::Tensor& x, const at::Tensor& weight) {
  switch (matmul_library_of(x, weight)) {
    case MatmulLibrary::kOwn:
      return "xlt";
    case MatmulLibrary::kMkl:
    case MatmulLibrary::kMklWidened:
      return "mkl";
    case MatmulLibrary::kOnednnBf16:
      return "onednn";
    case MatmulLibrary::kDevice:
      break;
  }
  return "device";
}

}  // namespace xlt::ops
