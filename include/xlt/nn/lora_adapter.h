// SPDX-License-Identifier: Apache-2.0
// LoRA (Hu et al. 2021): y = x·Wᵀ + (alpha/r)·x·Aᵀ·Bᵀ.
#pragma once

#include "xlt/nn/linear_adapter.h"

namespace xlt {

class Linear;

struct LoraAdapter : LinearAdapter {
  LoraAdapter(at::Tensor a_, at::Tensor b_, double scale_)
      : a(std::move(a_)), b(std::move(b_)), scale(scale_) {}
  at::Tensor forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias,
                     const ops::Dropout& mask) const override;
  void visit_tensors(const TensorVisitor& take) override;  // "lora_A", "lora_B"
  at::Tensor merged(const at::Tensor& weight) const override;

  at::Tensor a, b;     // [r, in], [out, r]; float32
  double scale = 1.0;  // alpha / r, or alpha / √r with rsLoRA (Kalajdzievski 2023, arXiv 2312.03732)
  bool use_rslora = false;
};

// The layer's adapter where it is LoRA, else null.
LoraAdapter* lora_of(Linear& linear);
const LoraAdapter* lora_of(const Linear& linear);

}  // namespace xlt
