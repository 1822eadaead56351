// SPDX-License-Identifier: Apache-2.0
// Contrastive preference optimisation. Xu et al. 2024, "Contrastive Preference Optimization: Pushing the
// Boundaries of LLM Performance in Machine Translation" (arXiv 2401.08417): DPO against a uniform
// reference (eq. 3), and behaviour cloning of the chosen answers:
//
//   L = −log σ(β·(log π(y_w|x) − log π(y_l|x))) − α·log π(y_w|x),  α = nll_weight, 1 unless given
//
// The published code and TRL take the second term as a mean over the batch's chosen tokens, so do we; the
// equation has sums over answers. label_smoothing as in dpo.cpp, which TRL's CPOTrainer has too.
#include "train/pair_loss.h"

namespace xlt {

namespace {

class CpoLoss : public SmoothedPairLoss {
 protected:
  bool has_reference() const override { return false; }
  double own_nll_weight() const override { return 1; }
  at::Tensor losses(const PairLogps& pairs) const override { return smoothed_log_sigmoid(dpo_margin(pairs)); }
};

}  // namespace

std::unique_ptr<Loss> make_cpo_loss() { return std::make_unique<CpoLoss>(); }

}  // namespace xlt
