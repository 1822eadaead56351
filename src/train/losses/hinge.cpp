// SPDX-License-Identifier: Apache-2.0
// Hinge loss on DPO's margin. Liu et al. 2023, "Statistical Rejection Sampling Improves Preference
// Optimization" (RSO, arXiv 2309.06657), section 3.2, which normalises SLiC's hinge (Zhao et al. 2023, arXiv
// 2305.10425) by the reference:
//
//   L = max(0, 1 − β·Δ),  Δ as in dpo.cpp
//
#include "train/pair_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>

namespace xlt {

namespace {

class HingeLoss : public PairLoss {
 protected:
  at::Tensor losses(const PairLogps& pairs) const override {
    return at::relu(1 - (pairs.chosen_ratio - pairs.rejected_ratio) * beta_);
  }
};

}  // namespace

std::unique_ptr<Loss> make_hinge_loss() { return std::make_unique<HingeLoss>(); }

}  // namespace xlt
