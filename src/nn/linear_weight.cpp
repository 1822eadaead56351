// SPDX-License-Identifier: Apache-2.0
// The table of quantizations, and what both forms of a weight can do.
#include "nn/quantizations.h"

#include "xlt/ops/matmul/linear.h"

namespace xlt {

std::span<const Entry<Quantization>> quantizations() { return quantization_rows(); }

at::Tensor product(const at::Tensor& x, const LinearWeight& weight) {
  if (const auto* tensor = std::get_if<at::Tensor>(&weight)) return ops::linear(x, *tensor);
  return std::get<std::shared_ptr<const QuantizedWeight>>(weight)->product(x);
}

at::Tensor dense(const LinearWeight& weight, at::ScalarType dtype) {
  if (const auto* tensor = std::get_if<at::Tensor>(&weight)) return tensor->to(dtype);
  return std::get<std::shared_ptr<const QuantizedWeight>>(weight)->dequantize(dtype);
}

}  // namespace xlt
