// SPDX-License-Identifier: Apache-2.0
#include "train/retention.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/sum.h>

#include "xlt/base/registry.h"
#include "xlt/train/trainer.h"

namespace xlt {

namespace {

// Its own term comes first: how many the other loss has depends on its options.
class RetainedLoss : public Loss {
 public:
  RetainedLoss(std::unique_ptr<Loss> loss, bool is_kl, double weight)
      : loss_(std::move(loss)), num_sets_(loss_->row_sets().size()), is_kl_(is_kl), weight_(weight) {}

  std::vector<RowSetSpec> row_sets() const override {
    std::vector<RowSetSpec> sets = loss_->row_sets();
    sets.push_back({.name = kRetainSet, .kind = RowKind::kText, .uses_divergence = is_kl_});
    return sets;
  }
  bool uses_dropout() const override { return loss_->uses_dropout(); }
  double default_learning_rate() const override { return loss_->default_learning_rate(); }
  std::string oddity_of(std::span<const TrainRow> rows) const override { return loss_->oddity_of(rows); }
  std::vector<int64_t> num_items(size_t set, const TrainRow& row) const override {
    if (set == num_sets_) return {row.num_labels()};
    std::vector<int64_t> items = loss_->num_items(set, row);
    items.insert(items.begin(), 0);
    return items;
  }

  LossValue compute(std::span<const SequenceLogps> sets) const override {
    LossValue value = loss_->compute(sets.first(std::min(sets.size(), num_sets_)));
    value.terms.insert(value.terms.begin(), at::Tensor());
    for (LossStat& stat : value.stats) ++stat.term;
    if (sets.size() <= num_sets_) return value;  // evaluation
    const SequenceLogps& texts = sets[num_sets_];
    const at::Tensor sum = is_kl_ ? texts.divergence.sum() : texts.policy.sum().neg();
    value.terms.front() = sum * weight_;
    value.stats.push_back({"retain_loss", sum, 0});
    return value;
  }

 private:
  std::unique_ptr<Loss> loss_;
  size_t num_sets_;  // of loss_
  bool is_kl_;
  double weight_;
};

}  // namespace

std::vector<std::string> retain_kinds() { return {"kl", "nll"}; }

std::unique_ptr<Loss> with_retention(std::unique_ptr<Loss> loss, const std::string& kind, double weight) {
  if (kind != "kl" && kind != "nll") throw_unknown_name("kind of retention", kind, retain_kinds());
  return std::make_unique<RetainedLoss>(std::move(loss), kind == "kl", weight);
}

}  // namespace xlt
