// SPDX-License-Identifier: Apache-2.0
// What losses over preference pairs share: a mean over pairs, and beside it, where it has a weight, the
// negative log-likelihood of the chosen answers, a mean over tokens (the NLL term of RPO, Pang et al. 2024,
// "Iterative Reasoning Preference Optimization", arXiv 2404.19733, and of CPO and ORPO; the mean over the
// step's tokens is TRL's, RPO divides each answer by its own length); rewards as DPO defines them (Rafailov
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
  // beta, nll_weight and, of a loss that has a reference, reference_free.
  void visit(OptionVisitor& v) override;

 protected:
  virtual bool has_reference() const { return true; }
  virtual at::Tensor losses(const PairLogps& pairs) const = 0;  // [P]
  // What a reward is β times of; for losses that are not about ratios.
  virtual at::Tensor chosen_score(const PairLogps& pairs) const { return pairs.chosen_ratio; }
  virtual at::Tensor rejected_score(const PairLogps& pairs) const { return pairs.rejected_ratio; }
  virtual double own_nll_weight() const { return 0; }
  // Whether the negative log-likelihood is of prompt and answer, not of the answer alone.
  virtual bool nll_has_prompt() const { return false; }

  double beta_ = 0.1;

 private:
  double nll_weight() const;
  bool uses_prompt() const { return nll_has_prompt() && nll_weight() > 0; }

  double nll_weight_ = -1;
  bool reference_free_ = false;
};

// Of losses that know of preferences the wrong way round.
class SmoothedPairLoss : public PairLoss {
 public:
  void visit(OptionVisitor& v) override;  // and label_smoothing

 protected:
  virtual double most_smoothing() const { return 0.5; }
  // −(1 − ε)·log σ(margin) − ε·log σ(−margin), [P]
  at::Tensor smoothed_log_sigmoid(const at::Tensor& margin) const;
  // β·Δ, DPO's margin: Δ = chosen_ratio − rejected_ratio
  at::Tensor dpo_margin(const PairLogps& pairs) const;

  double label_smoothing_ = 0;
};

}  // namespace xlt
