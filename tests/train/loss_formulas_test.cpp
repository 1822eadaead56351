// SPDX-License-Identifier: Apache-2.0
// Losses against their papers' equations and hand-derived slopes, in double; every loss's gradient against
// central differences.
#include "train/loss_testing.h"

#include <cmath>
#include <functional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/train/trainer.h"

namespace xlt {
namespace {

at::Tensor doubles(const std::vector<double>& values) { return at::tensor(at::ArrayRef<double>(values)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double log_sigmoid(double x) { return -std::log1p(std::exp(-x)); }

// Two sequences of a pair, or one text in `w`: Σ log π, Σ log π_ref, number of labels.
struct PairCase {
  double w, l, reference_w, reference_l, num_w, num_l;
  double ratio_w() const { return w - reference_w; }
  double ratio_l() const { return l - reference_l; }
};
constexpr PairCase kCases[] = {
    {-10, -12, -11, -11, 4, 5}, {-7.5, -6, -8, -6.25, 3, 2}, {-1, -40, -2, -8, 9, 1}};

// A loss of one case by its paper, and its slopes in log π of `w` and `l`.
struct Formula {
  const char* method;
  LossOptionTexts options;
  std::function<double(const PairCase&)> loss, slope_w, slope_l;
};

double smoothed(double margin) { return -0.9 * log_sigmoid(margin) - 0.1 * log_sigmoid(-margin); }
double slope_of_smoothed(double margin) { return -0.9 * sigmoid(-margin) + 0.1 * sigmoid(margin); }

// d/dz (z − log(1 − e^z)) = 1 / (1 − e^z)
double log_odds(double z) { return z - std::log(1 - std::exp(z)); }
double odds_margin(const PairCase& c) { return log_odds(c.w / c.num_w) - log_odds(c.l / c.num_l); }

std::vector<Formula> formulas() {
  const auto dpo = [](const PairCase& c) { return 0.3 * (c.ratio_w() - c.ratio_l()); };
  const auto bare = [](const PairCase& c) { return 0.3 * (c.w - c.l); };
  const auto simpo = [](const PairCase& c) { return 2 * (c.w / c.num_w - c.l / c.num_l) - 0.7; };
  return {
      {"dpo",
       {{"beta", "0.3"}, {"label_smoothing", "0.1"}},
       [=](const PairCase& c) { return smoothed(dpo(c)); },
       [=](const PairCase& c) { return 0.3 * slope_of_smoothed(dpo(c)); },
       [=](const PairCase& c) { return -0.3 * slope_of_smoothed(dpo(c)); }},
      {"dpo",
       {{"beta", "0.3"}, {"label_smoothing", "0.1"}, {"reference_free", "true"}},
       [=](const PairCase& c) { return smoothed(bare(c)); },
       [=](const PairCase& c) { return 0.3 * slope_of_smoothed(bare(c)); },
       [=](const PairCase& c) { return -0.3 * slope_of_smoothed(bare(c)); }},
      {"cpo",
       {{"beta", "0.3"}, {"nll_weight", "0"}},
       [=](const PairCase& c) { return -log_sigmoid(bare(c)); },
       [=](const PairCase& c) { return -0.3 * sigmoid(-bare(c)); },
       [=](const PairCase& c) { return 0.3 * sigmoid(-bare(c)); }},
      {"simpo",
       {{"beta", "2"}, {"simpo_gamma", "0.7"}, {"label_smoothing", "0.1"}},
       [=](const PairCase& c) { return smoothed(simpo(c)); },
       [=](const PairCase& c) { return 2 / c.num_w * slope_of_smoothed(simpo(c)); },
       [=](const PairCase& c) { return -2 / c.num_l * slope_of_smoothed(simpo(c)); }},
      {"orpo",
       {{"beta", "0.4"}, {"nll_weight", "0"}},
       [](const PairCase& c) { return -0.4 * log_sigmoid(odds_margin(c)); },
       [](const PairCase& c) {
         return -0.4 * sigmoid(-odds_margin(c)) / (1 - std::exp(c.w / c.num_w)) / c.num_w;
       },
       [](const PairCase& c) {
         return 0.4 * sigmoid(-odds_margin(c)) / (1 - std::exp(c.l / c.num_l)) / c.num_l;
       }},
      {"npo",
       {{"beta", "0.2"}},
       [](const PairCase& c) { return -2 / 0.2 * log_sigmoid(-0.2 * c.ratio_w()); },
       [](const PairCase& c) { return 2 * sigmoid(0.2 * c.ratio_w()); },
       {}},
      {"simnpo",
       {{"beta", "2.5"}, {"simpo_gamma", "0.1"}},
       [](const PairCase& c) { return -2 / 2.5 * log_sigmoid(-2.5 * c.w / c.num_w - 0.1); },
       [](const PairCase& c) { return 2 * sigmoid(2.5 * c.w / c.num_w + 0.1) / c.num_w; },
       {}},
  };
}

// What the loss reads of one case.
SequenceLogps logps_of(const RowSetSpec& set, const PairCase& c) {
  const bool is_pair = set.kind == RowKind::kPair;
  std::vector<double> policy = {c.w}, reference = {c.reference_w};
  SequenceLogps logps;
  logps.num_labels = {static_cast<int64_t>(c.num_w)};
  if (is_pair) {
    policy.push_back(c.l);
    reference.push_back(c.reference_l);
    logps.num_labels.push_back(static_cast<int64_t>(c.num_l));
  }
  logps.policy = doubles(policy).set_requires_grad(true);
  if (set.uses_reference) logps.reference = doubles(reference);
  return logps;
}

TEST(Losses, EqualTheirPapersEquationsAndSlopesInDouble) {
  for (const Formula& formula : formulas()) {
    const auto loss = make_loss(formula.method, formula.options);
    const RowSetSpec set = loss->row_sets().front();
    for (const PairCase& c : kCases) {
      const SequenceLogps logps = logps_of(set, c);
      const LossValue value = loss->compute({&logps, 1});
      ASSERT_EQ(value.terms.size(), 1u) << formula.method;
      const double expected = formula.loss(c);
      EXPECT_NEAR(value.terms[0].item<double>(), expected, 1e-12 * std::max(1.0, expected)) << formula.method;
      value.terms[0].backward();
      EXPECT_NEAR(logps.policy.grad()[0].item<double>(), formula.slope_w(c), 1e-12) << formula.method;
      if (formula.slope_l) {
        EXPECT_NEAR(logps.policy.grad()[1].item<double>(), formula.slope_l(c), 1e-12) << formula.method;
      }
    }
  }
}

// Sequences a row, by what the set asks for.
int64_t num_sequences(const RowSetSpec& set) {
  if (set.kind == RowKind::kText) return 1;
  return set.uses_prompt ? 3 : 2;
}

double sum_of_terms(const Loss& loss, const SequenceLogps& logps) {
  double total = 0;
  for (const at::Tensor& term : loss.compute({&logps, 1}).terms)
    if (term.defined()) total += term.item<double>();
  return total;
}

// Three rows, the sums of whose terms are differentiated.
void check_against_differences(const std::string& method, const LossOptionTexts& options) {
  const auto loss = make_loss(method, options);
  const RowSetSpec set = loss->row_sets().front();
  const int64_t count = 3 * num_sequences(set);
  std::vector<double> policy, reference;
  SequenceLogps logps;
  for (int64_t i = 0; i < count; ++i) {
    policy.push_back(-3.0 - 1.7 * static_cast<double>(i * 5 % 9));
    reference.push_back(policy.back() + 0.9 - 0.4 * static_cast<double>(i % 5));
    logps.num_labels.push_back(2 + i % 4);
  }
  logps.is_desirable = {true, false, true};
  if (set.uses_reference) logps.reference = doubles(reference);
  logps.policy = doubles(policy).set_requires_grad(true);
  at::Tensor total;
  for (const at::Tensor& term : loss->compute({&logps, 1}).terms)
    if (term.defined()) total = total.defined() ? total + term : term;
  total.backward();
  const at::Tensor gradient = logps.policy.grad();
  constexpr double kStep = 1e-5;
  for (int64_t i = 0; i < count; ++i) {
    // No gradient flows through KTO's estimate of the KL, though it moves with the mismatched sequences.
    if (set.uses_mismatched && i % 2 == 1) continue;
    std::vector<double> up = policy, down = policy;
    up[i] += kStep;
    down[i] -= kStep;
    SequenceLogps moved = logps;
    moved.policy = doubles(up);
    const double above = sum_of_terms(*loss, moved);
    moved.policy = doubles(down);
    EXPECT_NEAR(gradient[i].item<double>(), (above - sum_of_terms(*loss, moved)) / (2 * kStep), 1e-7)
        << method << ' ' << i;
  }
}

TEST(Losses, EveryGradientEqualsCentralDifferences) {
  for (const std::string& method : method_names()) check_against_differences(method, {});
  for (const char* method : {"dpo", "ipo", "orpo", "simpo", "cpo"})
    check_against_differences(method, {{"beta", "0.7"}, {"nll_weight", "0.3"}});
  check_against_differences("ipo", {{"ipo_norm", "sum"}, {"reference_free", "true"}});
}

}  // namespace
}  // namespace xlt
