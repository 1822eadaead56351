// SPDX-License-Identifier: Apache-2.0
// NormalFloat in 4 bits with double quantisation, as bitsandbytes quantises by its published recipes.
#include "nn/quantizations.h"

#include "xlt/nn/nf4_linear_weight.h"

namespace xlt {

namespace {

class Nf4Quantization : public Quantization {
 public:
  std::shared_ptr<const QuantizedWeight> quantize(const at::Tensor& weight) const override {
    return std::make_shared<Nf4LinearWeight>(ops::nf4_quantize_double(weight));
  }
};

}  // namespace

std::unique_ptr<Quantization> make_nf4_quantization() { return std::make_unique<Nf4Quantization>(); }

}  // namespace xlt
