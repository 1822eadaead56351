// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/matmul/machine_rates.h"

#include "ops/matmul/matmul.h"
#include "ops/timing.h"

#include <string_view>

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include "xlt/ops/matmul/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt::ops {
namespace {

// oneDNN's product inside libtorch; at::linear takes it for bfloat16 only.
at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& weight) {
  using Signature =
      at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                 c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto kOperator =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Signature>();
  return kOperator.call(x, weight, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), "");
}

}  // namespace

std::vector<MatmulRate> measure_matmul(const Placement& where, int64_t rows, int64_t out, int64_t in,
                                       int64_t repeats) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({rows, in}, tensor_options(where)),
                   weight = at::randn({out, in}, tensor_options(where));
  const std::string chosen = matmul_library(x, weight);
  std::vector<MatmulRate> rates;
  const auto add = [&](const std::string& library, const std::function<at::Tensor()>& call) {
    rates.push_back({library, 2e-9 * static_cast<double>(rows * out * in) / median_seconds(call, repeats),
                     library == chosen});
  };
  if (!weight.is_cpu()) {
    add("device", [&] { return at::linear(x, weight); });
    return rates;
  }
  if (cpu_matmul_suits() && where.dtype != DType::kFloat64)
    add("xlt", [&] { return matmul_nt(MatmulLibrary::kOwn, x, weight); });
  const MatmulLibrary library = matmul_library_of(x, weight);
  if (where.dtype == DType::kFloat32 || where.dtype == DType::kFloat64)
    add("mkl", [&] { return at::linear(x, weight); });
  else if (library == MatmulLibrary::kMklWidened)
    add("mkl", [&] { return matmul_nt(library, x, weight); });
  // oneDNN has no bfloat16 product for CPUs that do not multiply it.
  const bool multiplies_bf16 = library == MatmulLibrary::kOnednnBf16 || cpu_matmul_takes_pairs();
  if (where.dtype == DType::kFloat32 || (where.dtype == DType::kBFloat16 && multiplies_bf16))
    add("onednn", [&] { return onednn_linear(x, weight); });
  return rates;
}

double measure_copy(const Placement& where, int64_t repeats) {
  constexpr int64_t kFloats = int64_t{1} << 26;
  const at::Tensor from = at::zeros({kFloats}, tensor_options(where).dtype(at::kFloat)),
                   to = at::empty_like(from);
  return 2 * 4e-9 * kFloats / median_seconds([&] { return to.copy_(from); }, repeats);
}

}  // namespace xlt::ops
