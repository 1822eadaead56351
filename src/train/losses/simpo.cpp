// SPDX-License-Identifier: Apache-2.0
// Simple preference optimisation. Meng et al. 2024, "SimPO: Simple Preference Optimization with a
// Reference-Free Reward" (arXiv 2405.14734), eq. 6: log-probs per token, and a margin γ to be reached:
//
//   L = −log σ(β/|y_w|·log π(y_w|x) − β/|y_l|·log π(y_l|x) − γ),  γ = simpo_gamma
//
// Defaults are TRL's, β 0.1 and γ 0.5; the paper's experiments have β 2 to 2.5 and γ 0.3 to 1.6. TRL's
// CPOTrainer adds CPO's second term unless cpo_alpha is 0; here nll_weight is 0 unless given.
#include "train/own_default.h"
#include "train/pair_loss.h"

#include <ATen/TensorOperators.h>

namespace xlt {

namespace {

class SimpoLoss : public SmoothedPairLoss {
 public:
  void visit(OptionVisitor& v) override {
    SmoothedPairLoss::visit(v);
    v.field(
        "simpo_gamma", gamma_,
        "margin to be reached, in units of beta times a log-prob per token; -1: the method's own, 0.5 for "
        "simpo, 0 for simnpo",
        zero_or_more_or_own());
  }

 protected:
  bool has_reference() const override { return false; }
  at::Tensor chosen_score(const PairLogps& pairs) const override {
    return pairs.chosen / pairs.chosen_labels;
  }
  at::Tensor rejected_score(const PairLogps& pairs) const override {
    return pairs.rejected / pairs.rejected_labels;
  }
  at::Tensor losses(const PairLogps& pairs) const override {
    return smoothed_log_sigmoid((chosen_score(pairs) - rejected_score(pairs)) * beta_ -
                                value_or(gamma_, 0.5));
  }

 private:
  double gamma_ = kOwnDefault;
};

}  // namespace

std::unique_ptr<Loss> make_simpo_loss() { return std::make_unique<SimpoLoss>(); }

}  // namespace xlt
