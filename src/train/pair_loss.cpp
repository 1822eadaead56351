// SPDX-License-Identifier: Apache-2.0
#include "train/pair_loss.h"

#include "train/own_default.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/sum.h>

#include "xlt/ops/to_device.h"

namespace xlt {

namespace {

// A row's sequences: chosen, rejected and, where the negative log-likelihood is of it too, the prompt.
enum Side : int64_t { kChosen, kRejected, kPrompt };

at::Tensor sum_of(const at::Tensor& values) { return values.sum(at::kDouble); }

at::Tensor labels_of(const SequenceLogps& logps, Side side, size_t num_sequences) {
  std::vector<float> counts;
  for (size_t i = side; i < logps.num_labels.size(); i += num_sequences)
    counts.push_back(static_cast<float>(std::max<int64_t>(logps.num_labels[i], 1)));
  return ops::to_device(counts, logps.policy.device());
}

PairLogps pairs_of(const SequenceLogps& logps, int64_t num_sequences) {
  const at::Tensor rows = logps.policy.view({-1, num_sequences});
  const at::Tensor ratios =
      logps.reference.defined() ? rows - logps.reference.view({-1, num_sequences}) : rows;
  return {rows.select(1, kChosen),
          rows.select(1, kRejected),
          ratios.select(1, kChosen),
          ratios.select(1, kRejected),
          labels_of(logps, kChosen, num_sequences),
          labels_of(logps, kRejected, num_sequences)};
}

}  // namespace

std::vector<RowSetSpec> PairLoss::row_sets() const {
  return {{.name = "train",
           .kind = RowKind::kPair,
           .uses_reference = has_reference() && !reference_free_,
           .uses_prompt = uses_prompt()}};
}

double PairLoss::nll_weight() const { return value_or(nll_weight_, own_nll_weight()); }

std::vector<int64_t> PairLoss::num_items(size_t, const TrainRow& row) const {
  if (nll_weight() == 0) return {1};
  int64_t num_labels = row.sequences[kChosen].num_labels();
  if (uses_prompt()) num_labels += row.sequences[kPrompt].num_labels();
  return {1, num_labels};
}

void PairLoss::visit(OptionVisitor& v) {
  v.field("beta", beta_,
          "how strongly the policy is held to the reference; without one, how much a difference counts",
          more_than(0));
  v.field("nll_weight", nll_weight_,
          "weight of the chosen answers' negative log-likelihood, a mean over tokens, beside the loss of the "
          "pairs (the alpha of RPO and CPO); 0: none; -1: the method's own, 1 for cpo and orpo, 0 for others",
          zero_or_more_or_own());
  if (has_reference())
    v.field("reference_free", reference_free_,
            "compare the answers by the policy alone, as if the reference found them equally likely");
}

LossValue PairLoss::compute(std::span<const SequenceLogps> sets) const {
  const int64_t num_sequences = uses_prompt() ? 3 : 2;
  const PairLogps pairs = pairs_of(sets[0], num_sequences);
  const at::Tensor chosen = chosen_score(pairs).detach() * beta_,
                   rejected = rejected_score(pairs).detach() * beta_;
  LossValue value{{losses(pairs).sum()},
                  {{"rewards/chosen", sum_of(chosen)},
                   {"rewards/rejected", sum_of(rejected)},
                   {"rewards/margins", sum_of(chosen - rejected)},
                   {"rewards/accuracies", sum_of(chosen.gt(rejected))},
                   {"logps/chosen", sum_of(pairs.chosen.detach())},
                   {"logps/rejected", sum_of(pairs.rejected.detach())}}};
  if (nll_weight() == 0) return value;
  at::Tensor logps = pairs.chosen.sum();
  if (uses_prompt()) logps = logps + sets[0].policy.view({-1, num_sequences}).select(1, kPrompt).sum();
  value.terms.push_back(logps * -nll_weight());
  value.stats.push_back({"nll_loss", logps.detach().neg(), 1});
  return value;
}

void SmoothedPairLoss::visit(OptionVisitor& v) {
  PairLoss::visit(v);
  v.field("label_smoothing", label_smoothing_,
          "probability that a preference is the wrong way round; 0: none", between(0, most_smoothing()));
}

at::Tensor SmoothedPairLoss::dpo_margin(const PairLogps& pairs) const {
  return (pairs.chosen_ratio - pairs.rejected_ratio) * beta_;
}

at::Tensor SmoothedPairLoss::smoothed_log_sigmoid(const at::Tensor& margin) const {
  const at::Tensor losses = at::log_sigmoid(margin) * -(1 - label_smoothing_);
  if (label_smoothing_ == 0) return losses;
  return losses - at::log_sigmoid(margin.neg()) * label_smoothing_;
}

}  // namespace xlt
