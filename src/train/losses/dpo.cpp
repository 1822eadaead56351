// SPDX-License-Identifier: Apache-2.0
// Direct preference optimisation. Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model
// is Secretly a Reward Model" (arXiv 2305.18290), eq. 7, with the label smoothing of Mitchell 2023, "A note
// on DPO with noisy preferences" (cDPO): preferences are flipped with probability ε.
//
//   Δ = (log π(y_w|x) − log π_ref(y_w|x)) − (log π(y_l|x) − log π_ref(y_l|x))
//   L = −(1 − ε)·log σ(β·Δ) − ε·log σ(−β·Δ)
//
// Differs from TRL 1.16, whose sigmoid loss does not read label_smoothing.
#include "train/pair_loss.h"

namespace xlt {

namespace {

class DpoLoss : public SmoothedPairLoss {
 protected:
  at::Tensor losses(const PairLogps& pairs) const override { return smoothed_log_sigmoid(dpo_margin(pairs)); }
};

}  // namespace

std::unique_ptr<Loss> make_dpo_loss() { return std::make_unique<DpoLoss>(); }

}  // namespace xlt
