// SPDX-License-Identifier: Apache-2.0
#include "train/loss.h"

#include <cmath>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/train/trainer.h"

namespace xlt {
namespace {

at::Tensor floats(std::vector<float> values) { return at::tensor(at::ArrayRef<float>(values)); }
std::map<std::string, double> by_name(const LossValue& value) {
  return {value.stats.begin(), value.stats.end()};
}

TEST(DpoLoss, EqualLogRatiosGiveLog2) {
  const auto loss = make_dpo_loss();
  const SequenceLogps logps{floats({-10, -20}), floats({-12, -22})};
  EXPECT_NEAR(loss->compute(logps, {}).total.item<double>(), std::log(2.0), 1e-7);
}

// One pair: log-ratios +1 (chosen) and −1 (rejected), so Δ = 2, β·Δ = 0.2 and −log σ(0.2) = log(1 + e^−0.2) =
// 0.5981388694.
TEST(DpoLoss, ValuesByHand) {
  const auto loss = make_dpo_loss();
  const SequenceLogps logps{floats({-10, -12}), floats({-11, -11})};
  const LossValue value = loss->compute(logps, {.beta = 0.1});
  EXPECT_NEAR(value.total.item<double>(), 0.5981388694, 1e-6);
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
  const auto loss = make_dpo_loss();
  const SequenceLogps logps{floats({-10, -12}), floats({-11, -11})};
  EXPECT_NEAR(loss->compute(logps, {.beta = 0.1, .label_smoothing = 0.1}).total.item<double>(), 0.6181388694,
              1e-6);
}

// ∂L/∂log π(chosen) = −β·σ(−β·Δ) = −0.1 · 0.4501660027, the opposite for rejected.
TEST(DpoLoss, GradientPushesTheSidesApart) {
  const auto loss = make_dpo_loss();
  at::Tensor policy = floats({-10, -12}).set_requires_grad(true);
  loss->compute({policy, floats({-11, -11})}, {.beta = 0.1}).total.backward();
  EXPECT_NEAR(policy.grad()[0].item<double>(), -0.04501660027, 1e-7);
  EXPECT_NEAR(policy.grad()[1].item<double>(), 0.04501660027, 1e-7);
}

TEST(DpoLoss, SumsOverPairsAndATieIsNoWin) {
  const auto loss = make_dpo_loss();
  const LossValue value = loss->compute({floats({-1, -1, -1, -3}), floats({-1, -1, -1, -1})}, {.beta = 0.5});
  EXPECT_NEAR(value.total.item<double>(), std::log(2.0) + std::log1p(std::exp(-1.0)), 1e-6);
  EXPECT_EQ(by_name(value).at("rewards/accuracies"), 1.0);
}

TEST(DpoLoss, StaysFiniteWhereSigmoidUnderflows) {
  const auto loss = make_dpo_loss();
  EXPECT_NEAR(loss->compute({floats({-2000, 0}), floats({0, 0})}, {.beta = 1}).total.item<double>(), 2000,
              1e-3);
}

TEST(SftLoss, IsTheNegativeSumAndCountsLabels) {
  const auto loss = make_sft_loss();
  EXPECT_NEAR(loss->compute({floats({-1.5, -2.25}), {}}, {}).total.item<double>(), 3.75, 1e-7);
  EXPECT_EQ(loss->num_items({{{{1, 2, 3, 4}, 2}}, ""}), 2);
  EXPECT_EQ(loss->num_items({{{{1, 2, 3, 4}, 0}}, ""}), 3);  // nothing predicts token 0
}

TEST(Losses, AreFoundByNameAndAMissNamesTheNearest) {
  EXPECT_EQ(method_names(), (std::vector<std::string>{"dpo", "sft"}));
  EXPECT_TRUE(method_uses_pairs("dpo"));
  EXPECT_FALSE(method_uses_pairs("sft"));
  try {
    method_uses_pairs("dop");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("dpo"), std::string::npos);
  }
}

}  // namespace
}  // namespace xlt
