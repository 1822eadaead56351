// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/token_logps.h"

#include "ops/reference.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

struct Case {
  int64_t rows, vocab;
  ops::HeadOptions options;
  bool trains_weight;
};

class TokenLogps : public testing::TestWithParam<Case> {};

TEST_P(TokenLogps, ValuesAndGradientsEqualTheReferenceInDouble) {
  const Case c = GetParam();
  at::Tensor hidden = at::randn({c.rows, 24}).set_requires_grad(true);
  at::Tensor weight = at::randn({c.vocab, 24}).set_requires_grad(c.trains_weight);
  at::Tensor wide_hidden = hidden.detach().to(at::kDouble).set_requires_grad(true);
  at::Tensor wide_weight = weight.detach().to(at::kDouble).set_requires_grad(c.trains_weight);
  const at::Tensor targets = at::randint(c.vocab, {c.rows}, at::kLong);
  const at::Tensor logp = ops::token_logps(hidden, weight, targets, c.options);
  const at::Tensor expected = reference::token_logps(wide_hidden, wide_weight, targets, c.options);
  EXPECT_LT((logp - expected).abs().max().item<double>(), 2e-5);
  const at::Tensor slopes = at::randn({c.rows}, at::kDouble);
  (logp * slopes.to(at::kFloat)).sum().backward();
  (expected * slopes).sum().backward();
  EXPECT_LT((hidden.grad() - wide_hidden.grad()).abs().max().item<double>(), 1e-4);
  if (c.trains_weight) EXPECT_LT((weight.grad() - wide_weight.grad()).abs().max().item<double>(), 1e-4);
  const at::NoGradGuard no_grad;
  EXPECT_LT((ops::token_logps(hidden, weight, targets, c.options) - expected).abs().max().item<double>(),
            2e-5);
}

// Vocabularies around and beyond a block of 16,384 columns; chunks that do not divide the rows.
INSTANTIATE_TEST_SUITE_P(Shapes, TokenLogps,
                         testing::Values(Case{5, 7, {}, false}, Case{13, 1, {}, false},
                                         Case{9, 40000, {1.0, 0.0, 4}, false},
                                         Case{7, 300, {0.5, 0.0, 3}, true}, Case{6, 300, {1.0, 5.0, 4}, true},
                                         Case{6, 16385, {2.0, 3.0, 128}, false}));

TEST(TokenLogps, UniformLogitsGiveMinusLogOfTheVocabulary) {
  const at::Tensor logp = ops::token_logps(at::zeros({3, 4}), at::randn({1000, 4}), at::tensor({0, 5, 999}, at::kLong));
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(logp[i].item<double>(), -std::log(1000.0), 1e-6);
}

TEST(TokenLogps, ARowIsTheSameBitsAloneAndInABatch) {
  const at::NoGradGuard no_grad;
  const at::Tensor hidden = at::randn({200, 24}), weight = at::randn({20000, 24}),
                   targets = at::randint(20000, {200}, at::kLong);
  const at::Tensor together = ops::token_logps(hidden, weight, targets);
  for (int64_t row : {0, 3, 127, 128, 199})
    EXPECT_TRUE(at::equal(ops::token_logps(hidden.narrow(0, row, 1), weight, targets.narrow(0, row, 1)),
                          together.narrow(0, row, 1)));
}

TEST(TokenLogps, NoRowsGiveNoValues) {
  EXPECT_EQ(ops::token_logps(at::zeros({0, 4}), at::randn({10, 4}), at::zeros({0}, at::kLong)).size(0), 0);
}

}  // namespace
}  // namespace xlt
