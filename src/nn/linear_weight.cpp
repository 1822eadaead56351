// SPDX-License-Identifier: Apache-2.0
// The table of quantizations, and what both forms of a weight can do.
#include "nn/quantizations.h"

#include <ATen/TensorOperators.h>

#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt {

std::span<const Entry<Quantization>> quantizations() { return quantization_rows(); }

at::Tensor product(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias) {
  if (const auto* tensor = std::get_if<at::Tensor>(&weight)) return ops::linear(x, *tensor, bias);
  const at::Tensor y = std::get<std::shared_ptr<const QuantizedWeight>>(weight)->product(x);
  return bias.defined() ? y + bias : y;
}

at::Tensor dense(const LinearWeight& weight, at::ScalarType dtype) {
  if (const auto* tensor = std::get_if<at::Tensor>(&weight)) return ops::values_of(*tensor, dtype);
  return std::get<std::shared_ptr<const QuantizedWeight>>(weight)->dequantize(dtype);
}

}  // namespace xlt
