// SPDX-License-Identifier: Apache-2.0
// Negative preference optimisation, for unlearning: the rows are what is to be forgotten. Zhang et al. 2024,
// "Negative Preference Optimization: From Catastrophic Collapse to Effective Unlearning" (arXiv 2404.05868):
// DPO's loss without its chosen answer:
//
//   L = −2/β·log σ(−β·r),  r = log π(y|x) − log π_ref(y|x), a mean over rows
//
// Its gradient is that of gradient ascent, 2·∇ log π·σ(β·r), which dies away as r falls. The paper's forms
// with a retain set are this with --retain (nll or kl). Default rate: the paper's for all weights.
#include "train/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/sum.h>

namespace xlt {

namespace {

class NpoLoss : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override {
    return {{.name = "train", .kind = RowKind::kText, .uses_reference = true}};
  }
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1e-5; }
  void visit(OptionVisitor& v) override {
    v.field("beta", beta_, "how soon a row counts as forgotten", more_than(0));
  }
  std::vector<int64_t> num_items(size_t, const TrainRow&) const override { return {1}; }

  LossValue compute(std::span<const SequenceLogps> sets) const override {
    const at::Tensor ratio = sets[0].policy - sets[0].reference;
    const at::Tensor losses = at::log_sigmoid(ratio * -beta_) * (-2 / beta_);
    return {{losses.sum()},
            {{"rewards/rejected", ratio.detach().sum(at::kDouble) * beta_},
             {"logps/rejected", sets[0].policy.detach().sum(at::kDouble)}}};
  }

 private:
  double beta_ = 0.1;
};

}  // namespace

std::unique_ptr<Loss> make_npo_loss() { return std::make_unique<NpoLoss>(); }

}  // namespace xlt
