// SPDX-License-Identifier: Apache-2.0
#include "train/loss_testing.h"

#include <cmath>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/train/trainer.h"

namespace xlt {
namespace {

std::map<std::string, double> by_name(const LossValue& value) {
  std::map<std::string, double> stats;
  for (const LossStat& stat : value.stats) stats[stat.name] = stat.sum;
  return stats;
}

LossValue value_of(const Loss& loss, const SequenceLogps& logps) { return loss.compute({&logps, 1}); }
double total_of(const Loss& loss, const SequenceLogps& logps) {
  const LossValue value = value_of(loss, logps);
  EXPECT_EQ(value.terms.size(), 1u);
  return value.terms.front().item<double>();
}

TEST(DpoLoss, EqualLogRatiosGiveLog2) {
  EXPECT_NEAR(total_of(*make_loss("dpo"), {floats({-10, -20}), floats({-12, -22})}), std::log(2.0), 1e-7);
}

// One pair: log-ratios +1 (chosen) and −1 (rejected), so Δ = 2, β·Δ = 0.2 and −log σ(0.2) = log(1 + e^−0.2) =
// 0.5981388694.
TEST(DpoLoss, ValuesByHand) {
  const LossValue value =
      value_of(*make_loss("dpo", {{"beta", "0.1"}}), {floats({-10, -12}), floats({-11, -11})});
  EXPECT_NEAR(value.terms[0].item<double>(), 0.5981388694, 1e-6);
  const auto stats = by_name(value);
  EXPECT_NEAR(stats.at("rewards/chosen"), 0.1, 1e-6);
  EXPECT_NEAR(stats.at("rewards/rejected"), -0.1, 1e-6);
  EXPECT_NEAR(stats.at("rewards/margins"), 0.2, 1e-6);
  EXPECT_EQ(stats.at("rewards/accuracies"), 1.0);
  EXPECT_NEAR(stats.at("logps/chosen"), -10, 1e-6);
  EXPECT_NEAR(stats.at("logps/rejected"), -12, 1e-6);
}

// −log σ(−0.2) = 0.5981388694 + 0.2, so with ε = 0.1: 0.9 · 0.5981388694 + 0.1 · 0.7981388694 = 0.6181388694.
TEST(DpoLoss, LabelSmoothingMixesTheFlippedPreference) {
  const auto loss = make_loss("dpo", {{"beta", "0.1"}, {"label_smoothing", "0.1"}});
  EXPECT_NEAR(total_of(*loss, {floats({-10, -12}), floats({-11, -11})}), 0.6181388694, 1e-6);
}

// ∂L/∂log π(chosen) = −β·σ(−β·Δ) = −0.1 · 0.4501660027, the opposite for rejected.
TEST(DpoLoss, GradientPushesTheSidesApart) {
  at::Tensor policy = floats({-10, -12}).set_requires_grad(true);
  value_of(*make_loss("dpo", {{"beta", "0.1"}}), {policy, floats({-11, -11})}).terms[0].backward();
  EXPECT_NEAR(policy.grad()[0].item<double>(), -0.04501660027, 1e-7);
  EXPECT_NEAR(policy.grad()[1].item<double>(), 0.04501660027, 1e-7);
}

TEST(DpoLoss, SumsOverPairsAndATieIsNoWin) {
  const LossValue value =
      value_of(*make_loss("dpo", {{"beta", "0.5"}}), {floats({-1, -1, -1, -3}), floats({-1, -1, -1, -1})});
  EXPECT_NEAR(value.terms[0].item<double>(), std::log(2.0) + std::log1p(std::exp(-1.0)), 1e-6);
  EXPECT_EQ(by_name(value).at("rewards/accuracies"), 1.0);
}

TEST(DpoLoss, StaysFiniteWhereSigmoidUnderflows) {
  EXPECT_NEAR(total_of(*make_loss("dpo", {{"beta", "1"}}), {floats({-2000, 0}), floats({0, 0})}), 2000, 1e-3);
}

// The pair of ValuesByHand, with 2 and 4 labels: log-ratios of +1/2 and −1/4 per token, so h = 0.75 and L =
// (0.75 − 1/(2·0.1))² = 18.0625; of whole answers h = 2 and L = (2 − 5)² = 9. ∂L/∂log π(chosen) = 2·(0.75 −
// 5)/2.
TEST(IpoLoss, ValuesAndGradientsByHand) {
  at::Tensor policy = floats({-10, -12}).set_requires_grad(true);
  const SequenceLogps logps{policy, floats({-11, -11}), {2, 4}};
  const LossValue value = value_of(*make_loss("ipo", {{"beta", "0.1"}}), logps);
  EXPECT_NEAR(value.terms[0].item<double>(), 18.0625, 1e-5);
  value.terms[0].backward();
  EXPECT_NEAR(policy.grad()[0].item<double>(), -4.25, 1e-5);
  EXPECT_NEAR(policy.grad()[1].item<double>(), 2.125, 1e-5);
  EXPECT_NEAR(total_of(*make_loss("ipo", {{"beta", "0.1"}, {"ipo_norm", "sum"}}), logps), 9, 1e-5);
}

// Δ = 2: 1 − 0.1·2; with β = 1 the margin is beyond 1.
TEST(HingeLoss, ValuesAndGradientsByHand) {
  at::Tensor policy = floats({-10, -12}).set_requires_grad(true);
  const LossValue value = value_of(*make_loss("hinge", {{"beta", "0.1"}}), {policy, floats({-11, -11})});
  EXPECT_NEAR(value.terms[0].item<double>(), 0.8, 1e-6);
  value.terms[0].backward();
  EXPECT_NEAR(policy.grad()[0].item<double>(), -0.1, 1e-7);
  EXPECT_NEAR(policy.grad()[1].item<double>(), 0.1, 1e-7);
  EXPECT_EQ(total_of(*make_loss("hinge", {{"beta", "1"}}), {floats({-10, -12}), floats({-11, -11})}), 0);
}

TEST(CdpoLoss, IsDpoWithLabelSmoothing) {
  const LossOptionTexts options = {{"beta", "0.1"}, {"label_smoothing", "0.1"}};
  const SequenceLogps logps{floats({-10, -12}), floats({-11, -11})};
  EXPECT_NEAR(total_of(*make_loss("cdpo", options), logps), 0.6181388694, 1e-6);
  EXPECT_EQ(total_of(*make_loss("cdpo", options), logps), total_of(*make_loss("dpo", options), logps));
}

// (0.9 · 0.5981388694 − 0.1 · 0.7981388694) / 0.8
TEST(RobustLoss, ValuesByHand) {
  const auto loss = make_loss("robust", {{"beta", "0.1"}, {"label_smoothing", "0.1"}});
  EXPECT_NEAR(total_of(*loss, {floats({-10, -12}), floats({-11, -11})}), 0.5731388694, 1e-6);
}

// Its mean over preferences that are flipped with probability ε is DPO's loss of the true ones.
TEST(RobustLoss, IsUnbiasedUnderFlippedPreferences) {
  const auto robust = make_loss("robust", {{"beta", "0.1"}, {"label_smoothing", "0.2"}});
  const double kept = total_of(*robust, {floats({-10, -12}), floats({-11, -11})}),
               flipped = total_of(*robust, {floats({-12, -10}), floats({-11, -11})});
  EXPECT_NEAR(0.8 * kept + 0.2 * flipped, 0.5981388694, 1e-6);
}

// 2·σ(−0.1) = 2 · 0.4750208125; both sides have slope β·σ(0.1)·σ(−0.1).
TEST(ApoZeroLoss, ValuesAndGradientsByHand) {
  at::Tensor policy = floats({-10, -12}).set_requires_grad(true);
  const LossValue value = value_of(*make_loss("apo_zero", {{"beta", "0.1"}}), {policy, floats({-11, -11})});
  EXPECT_NEAR(value.terms[0].item<double>(), 0.950041625, 1e-6);
  value.terms[0].backward();
  const double slope = 0.1 * 0.4750208125 * 0.5249791875;
  EXPECT_NEAR(policy.grad()[0].item<double>(), -slope, 1e-7);
  EXPECT_NEAR(policy.grad()[1].item<double>(), slope, 1e-7);
}

// A desirable row of ratio 1 and an undesirable one of ratio −1; mismatched ratios 0.6 and 0.2, so z = 0.4.
// With β = 0.5 and λ_U = 2: 1 − σ(0.3) = 0.4255574832 and 2·(1 − σ(0.7)) = 0.6636244570.
TEST(KtoLoss, ValuesAndGradientsByHand) {
  const auto loss = make_loss("kto", {{"beta", "0.5"}, {"undesirable_weight", "2"}});
  at::Tensor policy = floats({-4, -5, -6, -7}).set_requires_grad(true);
  const SequenceLogps logps{policy, floats({-5, -5.6f, -5, -7.2f}), {1, 1, 1, 1}, {true, false}};
  const LossValue value = value_of(*loss, logps);
  EXPECT_NEAR(value.terms[0].item<double>(), 0.4255574832 + 0.6636244570, 1e-6);
  const auto stats = by_name(value);
  EXPECT_NEAR(stats.at("rewards/chosen"), 0.5, 1e-6);
  EXPECT_NEAR(stats.at("rewards/rejected"), -0.5, 1e-6);
  EXPECT_NEAR(stats.at("logps/rejected"), -6, 1e-6);
  EXPECT_NEAR(stats.at("kl"), 2 * 0.4, 1e-5);
  value.terms[0].backward();
  EXPECT_NEAR(policy.grad()[0].item<double>(), -0.1222291, 1e-6);  // −β·σ(0.3)·σ(−0.3)
  EXPECT_NEAR(policy.grad()[2].item<double>(), 0.2217129, 1e-6);   // 2·β·σ(0.7)·σ(−0.7)
  EXPECT_EQ(policy.grad()[1].item<double>(), 0);
  EXPECT_EQ(policy.grad()[3].item<double>(), 0);
}

// A mean below zero counts as zero: 1 − σ(0.5·1).
TEST(KtoLoss, TheEstimateOfTheKlIsNeverNegative) {
  const SequenceLogps logps{floats({-4, -6}), floats({-5, -5}), {1, 1}, {true}};
  EXPECT_NEAR(value_of(*make_loss("kto", {{"beta", "0.5"}}), logps).terms[0].item<double>(), 0.3775406688,
              1e-6);
}

// The bounds that TRL 1.16's KTOTrainer names for one desirable row and three others.
TEST(KtoLoss, SaysWhereTheLabelsAreOutOfBalanceAndTheWeightsDoNotHelp) {
  const auto oddity = [](const std::vector<bool>& labels, const LossOptionTexts& options = {}) {
    std::vector<TrainRow> rows;
    for (const bool label : labels) rows.push_back({{}, "", label});
    return make_loss("kto", options)->oddity_of(rows);
  };
  EXPECT_EQ(oddity({true, false}), "");
  EXPECT_NE(oddity({true, false, false, false})
                .find("desirable_weight between 3 and 3.99, or undesirable_weight between 0.25 and 0.33"),
            std::string::npos);
  EXPECT_EQ(oddity({true, false, false, false}, {{"desirable_weight", "3.5"}}), "");
  EXPECT_EQ(oddity({true, false, false, false}, {{"undesirable_weight", "0.3"}}), "");
  EXPECT_NE(oddity({true, false, false, false}, {{"desirable_weight", "2"}}), "");
  EXPECT_NE(oddity({true, true}).find("all 2 rows to train on are labelled true"), std::string::npos);
  EXPECT_NE(oddity({false}, {{"desirable_weight", "3"}}).find("labelled false"), std::string::npos);
}

TEST(KtoLoss, CountsRowsAndThoseOfEachLabel) {
  const auto loss = make_loss("kto");
  TrainRow row{{{{1, 2}, 1}, {{1, 3}, 1}}, ""};
  row.is_mismatched = true;
  EXPECT_EQ(loss->num_items(0, row), (std::vector<int64_t>{1, 1, 0}));
  row.is_desirable = false;
  EXPECT_EQ(loss->num_items(0, row), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(row.num_tokens(), 2);  // the mismatched sequence is no data of its own
}

TEST(SftLoss, IsTheNegativeSumAndCountsLabels) {
  const auto loss = make_loss("sft");
  EXPECT_NEAR(total_of(*loss, {floats({-1.5, -2.25}), {}}), 3.75, 1e-7);
  EXPECT_EQ(loss->num_items(0, {{{{1, 2, 3, 4}, 2}}, ""}), std::vector<int64_t>{2});
  EXPECT_EQ(loss->num_items(0, {{{{1, 2, 3, 4}, 0}}, ""}),
            std::vector<int64_t>{3});  // nothing predicts token 0
}

TEST(Losses, AreFoundByNameAndAMissNamesTheNearest) {
  EXPECT_EQ(method_names(), (std::vector<std::string>{"apo_zero", "cdpo", "cpo", "dpo", "hinge", "ipo", "kto",
                                                      "npo", "orpo", "robust", "sft", "simnpo", "simpo"}));
  EXPECT_EQ(method_row_kind("dpo"), RowKind::kPair);
  EXPECT_EQ(method_row_kind("sft"), RowKind::kText);
  EXPECT_EQ(method_row_kind("kto"), RowKind::kLabelled);
  try {
    method_row_kind("dop");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("dpo"), std::string::npos);
  }
}

TEST(Losses, SayWhetherTheyAskAReference) {
  std::vector<std::string> without;
  for (const std::string& method : method_names()) {
    TrainerOptions options;
    options.method = method;
    if (!method_uses_reference(options)) without.push_back(method);
  }
  EXPECT_EQ(without, (std::vector<std::string>{"cpo", "orpo", "sft", "simnpo", "simpo"}));
  TrainerOptions options;
  options.method = "dpo";
  set_option(visit_of(options.method_options), "reference_free", "true");
  EXPECT_FALSE(method_uses_reference(options));
}

}  // namespace
}  // namespace xlt
