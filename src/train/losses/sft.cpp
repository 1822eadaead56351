// SPDX-License-Identifier: Apache-2.0
// Supervised finetuning: the mean negative log-likelihood of a step's labels, −(1/n)·Σ log π(t_i | t_<i). The
// mean runs over the labels of all micro-batches of the step (transformers' `num_items_in_batch`), so long
// and short texts weigh by token.
#include "train/loss.h"

#include <ATen/ops/neg.h>
#include <ATen/ops/sum.h>

namespace xlt {

namespace {

class SftLoss : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override { return {{"train", RowKind::kText}}; }
  bool uses_dropout() const override { return true; }
  double default_learning_rate() const override { return 2e-5; }
  std::vector<int64_t> num_items(size_t, const TrainRow& row) const override { return {row.num_labels()}; }

  LossValue compute(std::span<const SequenceLogps> sets) const override {
    return {{sets[0].policy.sum().neg()}, {}};
  }
};

}  // namespace

std::unique_ptr<Loss> make_sft_loss() { return std::make_unique<SftLoss>(); }

}  // namespace xlt
