// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/lora_adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>

#include "xlt/nn/linear.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt {

at::Tensor LoraAdapter::forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias,
                                const ops::Dropout& mask) const {
  if (const auto* tensor = std::get_if<at::Tensor>(&weight))
    return ops::lora_linear(x, *tensor, a, b, scale, mask, bias);
  return product(x, weight, bias) + ops::lora_update(x, a, b, scale, mask);
}

void LoraAdapter::visit_tensors(const TensorVisitor& take) {
  take("lora_A", a);
  take("lora_B", b);
}

// Scaled before it is added, as PEFT does: the same bits.
at::Tensor LoraAdapter::merged(const at::Tensor& weight) const { return weight + at::matmul(b, a) * scale; }

LoraAdapter* lora_of(Linear& linear) { return dynamic_cast<LoraAdapter*>(linear.adapter()); }
const LoraAdapter* lora_of(const Linear& linear) {
  return dynamic_cast<const LoraAdapter*>(linear.adapter());
}

}  // namespace xlt
