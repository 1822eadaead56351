// SPDX-License-Identifier: Apache-2.0
// Simple negative preference optimisation. Fan et al. 2024, "Simplicity Prevails: Rethinking Negative
// Preference Optimization for LLM Unlearning" (arXiv 2410.07163): NPO without a reference, on
// log-probs per token, with SimPO's margin:
//
//   L = −2/β·log σ(−β/|y|·log π(y|x) − γ), a mean over rows;  γ = simpo_gamma, 0 unless given, as the paper
//
// Default rate: as npo.cpp.
#include "train/loss.h"
#include "train/own_default.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/sum.h>

#include "xlt/ops/to_device.h"

namespace xlt {

namespace {

class SimnpoLoss : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override { return {{.name = "train", .kind = RowKind::kText}}; }
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1e-5; }
  void visit(OptionVisitor& v) override {
    v.field("beta", beta_, "how soon a row counts as forgotten", more_than(0));
    v.field(
        "simpo_gamma", gamma_,
        "margin to be reached, in units of beta times a log-prob per token; -1: the method's own, 0.5 for "
        "simpo, 0 for simnpo",
        zero_or_more_or_own());
  }
  std::vector<int64_t> num_items(size_t, const TrainRow&) const override { return {1}; }

  LossValue compute(std::span<const SequenceLogps> sets) const override {
    std::vector<float> counts;
    for (const int64_t count : sets[0].num_labels)
      counts.push_back(static_cast<float>(std::max<int64_t>(count, 1)));
    const at::Tensor per_token = sets[0].policy / ops::to_device(counts, sets[0].policy.device());
    const at::Tensor losses = at::log_sigmoid(per_token * -beta_ - value_or(gamma_, 0)) * (-2 / beta_);
    return {{losses.sum()},
            {{"rewards/rejected", per_token.detach().sum(at::kDouble) * beta_},
             {"logps/rejected", sets[0].policy.detach().sum(at::kDouble)}}};
  }

 private:
  double beta_ = 0.1, gamma_ = kOwnDefault;
};

}  // namespace

std::unique_ptr<Loss> make_simnpo_loss() { return std::make_unique<SimnpoLoss>(); }

}  // namespace xlt
