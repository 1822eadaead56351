// SPDX-License-Identifier: Apache-2.0
// NormalFloat in 4 bits (Dettmers et al. 2023), the base weights of QLoRA; the arithmetic is in ops.
#include "xlt/ops/matmul/nf4.h"

#include "nn/quantizations.h"

namespace xlt {

namespace {

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

class Nf4Quantization : public Quantization {
 public:
  std::shared_ptr<const QuantizedWeight> quantize(const at::Tensor& weight) const override {
    return std::make_shared<Nf4LinearWeight>(ops::nf4_quantize(weight));
  }
};

}  // namespace

std::unique_ptr<Quantization> make_nf4_quantization() { return std::make_unique<Nf4Quantization>(); }

}  // namespace xlt
