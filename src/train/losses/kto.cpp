// SPDX-License-Identifier: Apache-2.0
// Kahneman–Tversky optimisation. Ethayarajh et al. 2024, "KTO: Model Alignment as Prospect Theoretic
// Optimization" (arXiv 2402.01306), eq. 7 and 8, on completions that are desirable or not, no pairs:
//
//   r = log π(y|x) − log π_ref(y|x);   z = max(0, mean over the batch of log π(y'|x) − log π_ref(y'|x))
//   L = λ_D·(1 − σ(β·(r − z)))  for a desirable y,   λ_U·(1 − σ(β·(z − r)))  for an undesirable one
//
// y' is another row's completion: z estimates the KL of the policy to the reference, and no gradient flows
// through it. As in TRL 1.16, completions go round by one within each batch_size rows of the data, and rows
// are taken in their order, so that the y' of a batch are its y. z depends on how rows are cut into batches:
// 1 × 8 is not 8 × 1 here.
#include "train/loss.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <ATen/TensorOperators.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sum.h>

#include "xlt/base/error.h"  // str_cat
#include "xlt/ops/to_device.h"

namespace xlt {

namespace {

constexpr double kMostImbalance = 1.33;  // of λ_D·n_D to λ_U·n_U; the least is 1 (eq. 8, as TRL 1.16 has it)

enum Term : size_t { kLossTerm, kDesirable, kUndesirable };  // the latter two only for what is logged

at::Tensor column(const std::vector<bool>& is_desirable, float yes, float no, at::Device device) {
  std::vector<float> values;
  for (const bool one : is_desirable) values.push_back(one ? yes : no);
  return ops::to_device(values, device);
}

class KtoLoss : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override {
    return {{"train", RowKind::kLabelled, /*uses_reference=*/true, /*uses_mismatched=*/true}};
  }
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1e-6; }
  void visit(OptionVisitor& v) override {
    v.field("beta", beta_, "how strongly the policy is held to the reference", more_than(0));
    v.field("desirable_weight", desirable_weight_, "how much desirable completions count", at_least(0));
    v.field("undesirable_weight", undesirable_weight_, "how much undesirable completions count", at_least(0));
  }
  std::string oddity_of(std::span<const TrainRow> rows) const override {
    const auto is_desirable = [](const TrainRow& row) { return row.is_desirable; };
    const int64_t all = std::ssize(rows), desirable = std::count_if(rows.begin(), rows.end(), is_desirable);
    if (desirable == 0 || desirable == all)
      return str_cat("all ", all, " rows to train on are labelled ", desirable == 0 ? "false" : "true",
                     ": there is nothing to tell wanted completions from unwanted ones by");
    return oddity_of_weights(desirable, all - desirable);
  }
  std::vector<int64_t> num_items(size_t, const TrainRow& row) const override {
    return {1, row.is_desirable ? 1 : 0, row.is_desirable ? 0 : 1};
  }

  LossValue compute(std::span<const SequenceLogps> sets) const override {
    const SequenceLogps& rows = sets[0];
    const at::Tensor policy = rows.policy.view({-1, 2}), ratios = policy - rows.reference.view({-1, 2});
    const at::Tensor ratio = ratios.select(1, 0), kl = ratios.select(1, 1).detach().mean().clamp_min(0);
    const auto of_rows = [&](double yes, double no) {
      return column(rows.is_desirable, static_cast<float>(yes), static_cast<float>(no), policy.device());
    };
    // 1 − σ(x) = σ(−x)
    const at::Tensor losses = at::sigmoid((kl - ratio) * of_rows(beta_, -beta_));
    const at::Tensor weighted = losses * of_rows(desirable_weight_, undesirable_weight_);
    return {{weighted.sum(), {}, {}}, stats_of(rows, policy.select(1, 0).detach(), ratio.detach(), kl)};
  }

 private:
  // As TRL 1.16 does, rounding too: where neither weight is within the bounds that the other one leaves it.
  std::string oddity_of_weights(int64_t desirable, int64_t undesirable) const {
    if (desirable == undesirable) return {};
    const auto hundredths = [](double x) { return std::round(x * 100) / 100; };
    const double yes = undesirable * undesirable_weight_ / static_cast<double>(desirable),
                 no = desirable * desirable_weight_ / static_cast<double>(undesirable);
    const double yes_low = hundredths(yes), yes_high = hundredths(yes * kMostImbalance);
    const double no_low = hundredths(no / kMostImbalance), no_high = hundredths(no);
    const bool is_even = (yes_low <= desirable_weight_ && desirable_weight_ <= yes_high) ||
                         (no_low <= undesirable_weight_ && undesirable_weight_ <= no_high);
    if (is_even) return {};
    return str_cat(desirable, " rows to train on are desirable, ", undesirable,
                   " are not, and the weights do not even that out: give desirable_weight between ", yes_low,
                   " and ", yes_high, ", or undesirable_weight between ", no_low, " and ", no_high,
                   ", not both");
  }

  std::vector<LossStat> stats_of(const SequenceLogps& rows, const at::Tensor& logps, const at::Tensor& ratio,
                                 const at::Tensor& kl) const {
    const auto sum_of = [&](const at::Tensor& values, bool desirable) {
      const at::Tensor mask = column(rows.is_desirable, desirable, !desirable, values.device());
      return (values * mask).sum(at::kDouble);
    };
    const at::Tensor rewards = ratio * beta_;
    return {{"rewards/chosen", sum_of(rewards, true), kDesirable},
            {"rewards/rejected", sum_of(rewards, false), kUndesirable},
            {"logps/chosen", sum_of(logps, true), kDesirable},
            {"logps/rejected", sum_of(logps, false), kUndesirable},
            {"kl", kl.to(at::kDouble) * static_cast<double>(rows.is_desirable.size()), kLossTerm}};
  }

  double beta_ = 0.1, desirable_weight_ = 1, undesirable_weight_ = 1;
};

}  // namespace

std::unique_ptr<Loss> make_kto_loss() { return std::make_unique<KtoLoss>(); }

}  // namespace xlt
