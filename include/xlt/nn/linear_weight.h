// SPDX-License-Identifier: Apache-2.0
// What a Linear multiplies by: a dense tensor, or a frozen weight in few bits. A new kind of the latter is
// one file in src/nn/quantizations and one row of src/nn/quantizations.def.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>

#include <ATen/core/Tensor.h>

#include "xlt/base/registry.h"

namespace xlt {

class QuantizedWeight {
 public:
  virtual ~QuantizedWeight() = default;
  virtual int64_t out_features() const = 0;
  virtual int64_t in_features() const = 0;
  virtual at::Device device() const = 0;
  // x [N, in] · weightᵀ → [N, out] in x's dtype; differentiable in x. A row of the result does not depend on
  // the other rows of x.
  virtual at::Tensor product(const at::Tensor& x) const = 0;
  virtual at::Tensor dequantize(at::ScalarType dtype) const = 0;  // [out, in]
};

using LinearWeight = std::variant<at::Tensor, std::shared_ptr<const QuantizedWeight>>;

// x [N, in] · weightᵀ + bias, which may be undefined → [N, out]
at::Tensor product(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias = {});
// The values as [out, in] of `dtype`; no copy of a dense weight that is of it.
at::Tensor dense(const LinearWeight& weight, at::ScalarType dtype);

// How a dense weight [out, in] becomes one in few bits.
class Quantization {
 public:
  virtual ~Quantization() = default;
  virtual std::shared_ptr<const QuantizedWeight> quantize(const at::Tensor& weight) const = 0;
};
// The table of them, by name: "nf4".
std::span<const Entry<Quantization>> quantizations();

}  // namespace xlt
