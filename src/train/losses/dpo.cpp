// SPDX-License-Identifier: Apache-2.0
// Direct preference optimisation. Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model
// is Secretly a Reward Model" (arXiv 2305.18290), eq. 7, with the label smoothing of Mitchell 2023, "A note
// on DPO with noisy preferences" (cDPO): preferences are flipped with probability ε.
//
//   Δ = (log π(y_w|x) − log π_ref(y_w|x)) − (log π(y_l|x) − log π_ref(y_l|x))
//   L = −(1 − ε)·log σ(β·Δ) − ε·log σ(−β·Δ)
//
#include "train/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/sum.h>

namespace xlt {

namespace {

double sum_of(const at::Tensor& values) { return values.sum(at::kDouble).item<double>(); }

class DpoLoss : public Loss {
 public:
  bool uses_pairs() const override { return true; }
  bool uses_reference() const override { return true; }
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1e-6; }
  int64_t num_items(const TrainRow&) const override { return 1; }

  LossValue compute(const SequenceLogps& logps, const LossOptions& options) const override {
    const at::Tensor pairs = logps.policy.view({-1, 2});
    const at::Tensor ratios = pairs - logps.reference.view({-1, 2});
    const at::Tensor chosen = ratios.select(1, 0), rejected = ratios.select(1, 1);
    const at::Tensor scaled = (chosen - rejected) * options.beta;
    at::Tensor losses = at::log_sigmoid(scaled) * -(1 - options.label_smoothing);
    if (options.label_smoothing > 0)
      losses = losses - at::log_sigmoid(scaled.neg()) * options.label_smoothing;
    return {losses.sum(),
            stats_of(pairs.detach(), chosen.detach() * options.beta, rejected.detach() * options.beta)};
  }

 private:
  static std::vector<std::pair<std::string, double>> stats_of(const at::Tensor& pairs,
                                                              const at::Tensor& chosen,
                                                              const at::Tensor& rejected) {
    return {{"rewards/chosen", sum_of(chosen)},
            {"rewards/rejected", sum_of(rejected)},
            {"rewards/margins", sum_of(chosen - rejected)},
            {"rewards/accuracies", sum_of(chosen.gt(rejected))},
            {"logps/chosen", sum_of(pairs.select(1, 0))},
            {"logps/rejected", sum_of(pairs.select(1, 1))}};
  }
};

}  // namespace

std::unique_ptr<Loss> make_dpo_loss() { return std::make_unique<DpoLoss>(); }

}  // namespace xlt
