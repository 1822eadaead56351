// SPDX-License-Identifier: Apache-2.0
// Conservative DPO. Mitchell 2023, "A note on DPO with noisy preferences and relationship to IPO":
// preferences are flipped with probability ε, and the loss is DPO's, expected over that:
//
//   L = −(1 − ε)·log σ(β·Δ) − ε·log σ(−β·Δ),  Δ as in dpo.cpp, ε = label_smoothing
//
// The same as dpo with label_smoothing; a name of its own because others have one.
#include "train/pair_loss.h"

namespace xlt {

namespace {

class CdpoLoss : public SmoothedPairLoss {
 protected:
  at::Tensor losses(const PairLogps& pairs) const override { return smoothed_log_sigmoid(dpo_margin(pairs)); }
};

}  // namespace

std::unique_ptr<Loss> make_cdpo_loss() { return std::make_unique<CdpoLoss>(); }

}  // namespace xlt
