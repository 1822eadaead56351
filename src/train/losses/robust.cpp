// SPDX-License-Identifier: Apache-2.0
// Robust DPO. Ray Chowdhury et al. 2024, "Provably Robust DPO: Aligning Language Models with Noisy Feedback"
// (arXiv 2403.00409), eq. 12: unbiased under preferences that are flipped with probability ε:
//
//   L = (−(1 − ε)·log σ(β·Δ) + ε·log σ(−β·Δ)) / (1 − 2ε),  Δ as in dpo.cpp, ε = label_smoothing < 1/2
//
#include "train/pair_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/neg.h>

namespace xlt {

namespace {

class RobustLoss : public SmoothedPairLoss {
 protected:
  double most_smoothing() const override { return 0.49; }
  at::Tensor losses(const PairLogps& pairs) const override {
    const at::Tensor scaled = dpo_margin(pairs);
    const at::Tensor kept = at::log_sigmoid(scaled) * -(1 - label_smoothing_),
                     flipped = at::log_sigmoid(scaled.neg()) * label_smoothing_;
    return (kept + flipped) / (1 - 2 * label_smoothing_);
  }
};

}  // namespace

std::unique_ptr<Loss> make_robust_loss() { return std::make_unique<RobustLoss>(); }

}  // namespace xlt
