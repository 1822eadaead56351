// SPDX-License-Identifier: Apache-2.0
#include "train/pair_loss.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>

namespace xlt {

namespace {

double sum_of(const at::Tensor& values) { return values.sum(at::kDouble).item<double>(); }

// Of every second sequence from `side` (0: chosen, 1: rejected) on.
at::Tensor labels_of(const SequenceLogps& logps, size_t side) {
  std::vector<float> counts;
  for (size_t i = side; i < logps.num_labels.size(); i += 2)
    counts.push_back(static_cast<float>(std::max<int64_t>(logps.num_labels[i], 1)));
  return at::tensor(at::ArrayRef<float>(counts)).to(logps.policy.device());
}

PairLogps pairs_of(const SequenceLogps& logps) {
  const at::Tensor pairs = logps.policy.view({-1, 2});
  const at::Tensor ratios = logps.reference.defined() ? pairs - logps.reference.view({-1, 2}) : pairs;
  return {pairs.select(1, 0),  pairs.select(1, 1),  ratios.select(1, 0),
          ratios.select(1, 1), labels_of(logps, 0), labels_of(logps, 1)};
}

}  // namespace

std::vector<RowSetSpec> PairLoss::row_sets() const { return {{"train", RowKind::kPair, uses_reference()}}; }

std::vector<int64_t> PairLoss::num_items(size_t, const TrainRow&) const { return {1}; }

void PairLoss::visit(OptionVisitor& v) {
  v.field("beta", beta_, "how strongly the policy is held to the reference", more_than(0));
}

LossValue PairLoss::compute(std::span<const SequenceLogps> sets) const {
  const PairLogps pairs = pairs_of(sets[0]);
  const at::Tensor chosen = chosen_score(pairs).detach() * beta_,
                   rejected = rejected_score(pairs).detach() * beta_;
  return {{losses(pairs).sum()},
          {{"rewards/chosen", sum_of(chosen)},
           {"rewards/rejected", sum_of(rejected)},
           {"rewards/margins", sum_of(chosen - rejected)},
           {"rewards/accuracies", sum_of(chosen.gt(rejected))},
           {"logps/chosen", sum_of(pairs.chosen.detach())},
           {"logps/rejected", sum_of(pairs.rejected.detach())}}};
}

void SmoothedPairLoss::visit(OptionVisitor& v) {
  PairLoss::visit(v);
  v.field("label_smoothing", label_smoothing_,
          "probability that a preference is the wrong way round; 0: none", between(0, most_smoothing()));
}

at::Tensor SmoothedPairLoss::smoothed_log_sigmoid(const PairLogps& pairs) const {
  const at::Tensor scaled = (pairs.chosen_ratio - pairs.rejected_ratio) * beta_;
  const at::Tensor losses = at::log_sigmoid(scaled) * -(1 - label_smoothing_);
  if (label_smoothing_ == 0) return losses;
  return losses - at::log_sigmoid(scaled.neg()) * label_smoothing_;
}

}  // namespace xlt
