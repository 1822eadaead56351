// SPDX-License-Identifier: Apache-2.0
// What losses over preference pairs share: one term, a mean over pairs; rewards as DPO defines them (Rafailov
// et al. 2023, arXiv 2305.18290, section 5.1: β times the log-ratio of policy and reference); what is logged.
#pragma once

#include "train/loss.h"

namespace xlt {

// Of each pair, [P] float32.
struct PairLogps {
  at::Tensor chosen, rejected;  // Σ log π
  // Σ log π − Σ log π_ref; without a reference the same as above.
  at::Tensor chosen_ratio, rejected_ratio;
  at::Tensor chosen_labels, rejected_labels;  // number of labels, at least 1
};

class PairLoss : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override;
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1e-6; }
  std::vector<int64_t> num_items(size_t set, const TrainRow& row) const override;
  LossValue compute(std::span<const SequenceLogps> sets) const override;
  void visit(OptionVisitor& v) override;  // beta

 protected:
  virtual bool uses_reference() const { return true; }
  virtual at::Tensor losses(const PairLogps& pairs) const = 0;  // [P]
  // What a reward is β times of; for losses that are not about ratios.
  virtual at::Tensor chosen_score(const PairLogps& pairs) const { return pairs.chosen_ratio; }
  virtual at::Tensor rejected_score(const PairLogps& pairs) const { return pairs.rejected_ratio; }

  double beta_ = 0.1;
};

// Of losses on DPO's margin Δ = chosen_ratio − rejected_ratio that know of preferences the wrong way round.
class SmoothedPairLoss : public PairLoss {
 public:
  void visit(OptionVisitor& v) override;  // beta, label_smoothing

 protected:
  virtual double most_smoothing() const { return 0.5; }
  // −(1 − ε)·log σ(β·Δ) − ε·log σ(−β·Δ), [P]
  at::Tensor smoothed_log_sigmoid(const PairLogps& pairs) const;

  double label_smoothing_ = 0;
};

}  // namespace xlt
