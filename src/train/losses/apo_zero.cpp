// SPDX-License-Identifier: Apache-2.0
// Anchored preference optimisation. D'Oosterlinck et al. 2024, "Anchored Preference Optimization and
// Contrastive Revisions" (arXiv 2408.06266), eq. 7 (APO-zero): the chosen answer is made likelier than under
// the reference and the rejected one less likely, each by itself, not only their distance:
//
//   L = (1 − σ(β·r_w)) + σ(β·r_l),  r = log π(y|x) − log π_ref(y|x)
//
#include "train/pair_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/sigmoid.h>

namespace xlt {

namespace {

class ApoZeroLoss : public PairLoss {
 protected:
  // 1 − σ(x) = σ(−x), which does not cancel where σ(x) is near 1.
  at::Tensor losses(const PairLogps& pairs) const override {
    return at::sigmoid((pairs.chosen_ratio * beta_).neg()) + at::sigmoid(pairs.rejected_ratio * beta_);
  }
};

}  // namespace

std::unique_ptr<Loss> make_apo_zero_loss() { return std::make_unique<ApoZeroLoss>(); }

}  // namespace xlt
