// SPDX-License-Identifier: Apache-2.0
// A linear layer's weight in NormalFloat's 4 bits (Dettmers et al. 2023), the base weights of QLoRA; the
// arithmetic is in ops.
#pragma once

#include "xlt/nn/linear_weight.h"
#include "xlt/ops/matmul/nf4.h"

namespace xlt {

class Nf4LinearWeight : public QuantizedWeight {
 public:
  explicit Nf4LinearWeight(ops::Nf4Weight weight) : weight_(std::move(weight)) {}
  int64_t out_features() const override { return weight_.out; }
  int64_t in_features() const override { return weight_.in; }
  at::Device device() const override { return weight_.codes.device(); }
  at::Tensor product(const at::Tensor& x) const override { return ops::nf4_linear(x, weight_); }
  at::Tensor dequantize(at::ScalarType dtype) const override { return ops::nf4_dequantize(weight_, dtype); }

 private:
  ops::Nf4Weight weight_;
};

}  // namespace xlt
