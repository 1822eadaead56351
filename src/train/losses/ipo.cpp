// SPDX-License-Identifier: Apache-2.0
// Identity preference optimisation. Azar et al. 2023, "A General Theoretical Paradigm to Understand Learning
// from Human Preferences" (arXiv 2310.12036), eq. 17 with β for τ:
//
//   h = r_w − r_l,  r = log π(y|x) − log π_ref(y|x)
//   L = (h − 1/(2β))²
//
// The paper's r are sums over tokens. TRL, after the authors' word, divides each by its answer's number of
// tokens, so that β means the same at any length: ipo_norm mean, the default as in TRL 1.16; sum is the
// equation as printed.
#include "train/pair_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/square.h>

namespace xlt {

namespace {

class IpoLoss : public PairLoss {
 public:
  void visit(OptionVisitor& v) override {
    PairLoss::visit(v);
    v.field("ipo_norm", norm_, "log-ratios of whole answers (sum) or per token (mean)",
            one_of({"mean", "sum"}));
  }

 protected:
  at::Tensor losses(const PairLogps& pairs) const override {
    const bool per_token = norm_ == "mean";
    const at::Tensor chosen = per_token ? pairs.chosen_ratio / pairs.chosen_labels : pairs.chosen_ratio,
                     rejected =
                         per_token ? pairs.rejected_ratio / pairs.rejected_labels : pairs.rejected_ratio;
    return (chosen - rejected - 1 / (2 * beta_)).square();
  }

 private:
  std::string norm_ = "mean";
};

}  // namespace

std::unique_ptr<Loss> make_ipo_loss() { return std::make_unique<IpoLoss>(); }

}  // namespace xlt
