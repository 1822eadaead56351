// SPDX-License-Identifier: Apache-2.0
// Odds-ratio preference optimisation. Hong et al. 2024, "ORPO: Monolithic Preference Optimization without
// Reference Model" (arXiv 2403.07691), eq. 4 to 7, with β for λ:
//
//   log p = log π(y|x) / |y|;   odds = p / (1 − p)
//   L = α·NLL(x, y_w) − β·log σ(log odds_w − log odds_l),  α = nll_weight, 1 unless given
//
// In the paper NLL is of the answer; in the published code, in TRL, and so here, it is of prompt and answer:
// a mean over all their tokens but the first.
#include "train/pair_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/where.h>

namespace xlt {

namespace {

// log(x / (1 − x)) of x = e^logp. log(1 − e^z) loses its digits near 0 in one form and far from it in the
// other. An answer that is certain, p = 1, would have infinite odds and no gradient.
at::Tensor log_odds(const at::Tensor& logp) {
  constexpr double kLog2 = 0.6931471805599453, kNearlyCertain = -1e-6;
  const at::Tensor z = logp.clamp_max(kNearlyCertain);
  const at::Tensor log_rest = at::where(z < -kLog2, at::log1p(at::exp(z).neg()), at::log(at::expm1(z).neg()));
  return z - log_rest;
}

class OrpoLoss : public PairLoss {
 protected:
  bool has_reference() const override { return false; }
  double own_nll_weight() const override { return 1; }
  bool nll_has_prompt() const override { return true; }
  at::Tensor chosen_score(const PairLogps& pairs) const override {
    return pairs.chosen / pairs.chosen_labels;
  }
  at::Tensor rejected_score(const PairLogps& pairs) const override {
    return pairs.rejected / pairs.rejected_labels;
  }
  at::Tensor losses(const PairLogps& pairs) const override {
    return at::log_sigmoid(log_odds(chosen_score(pairs)) - log_odds(rejected_score(pairs))) * -beta_;
  }
};

}  // namespace

std::unique_ptr<Loss> make_orpo_loss() { return std::make_unique<OrpoLoss>(); }

}  // namespace xlt
