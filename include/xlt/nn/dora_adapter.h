// SPDX-License-Identifier: Apache-2.0
// DoRA (Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank Adaptation", arXiv 2402.09353, equation 5): LoRA
// gives each row of the weight its direction, a vector m its length,
//   y = m ⊙ (x·Vᵀ) / ‖V‖ + b,   V = W + scale·B·A,   ‖V‖ of each row
// where the gradient takes ‖V‖ for a constant (section 4.3). Dropout is on x wherever it meets V, as in PEFT.
#pragma once

#include "xlt/nn/lora_adapter.h"

namespace xlt {

struct DoraAdapter : LoraAdapter {
  DoraAdapter(at::Tensor a_, at::Tensor b_, double scale_, at::Tensor magnitude_)
      : LoraAdapter(std::move(a_), std::move(b_), scale_), magnitude(std::move(magnitude_)) {}
  at::Tensor forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias,
                     const ops::Dropout& mask) const override;
  void visit_tensors(const TensorVisitor& take) override;  // and "lora_magnitude_vector"
  at::Tensor merged(const at::Tensor& weight) const override;

  at::Tensor magnitude;  // m, [out] float32

 private:
  at::Tensor factor(const at::Tensor& weight) const;  // m / ‖V‖, [out]
};

// ‖W‖ of each row of a weight [out, in] float32, [out]: the magnitude that changes nothing. No gradient.
at::Tensor row_lengths(const at::Tensor& weight);

}  // namespace xlt
