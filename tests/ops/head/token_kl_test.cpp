// SPDX-License-Identifier: Apache-2.0
// token_kl: by hand, against the reference in double, bits alone and in a batch.
#include "xlt/ops/head/token_kl.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ops::HeadRows;
using xlt::testing::error_against;
using xlt::testing::same_bits;

struct Case {
  int64_t rows, vocab;
  ops::HeadOptions from, to;
  bool trains_weight;
};

class TokenKl : public ::testing::TestWithParam<Case> {};

HeadRows in_double(const HeadRows& rows) {
  return {rows.hidden.detach().to(at::kDouble).set_requires_grad(rows.hidden.requires_grad()),
          rows.weight.detach().to(at::kDouble).set_requires_grad(rows.weight.requires_grad()), rows.options};
}

TEST_P(TokenKl, ValuesAndGradientsEqualTheReferenceInDouble) {
  const Case c = GetParam();
  const HeadRows from{at::randn({c.rows, 16}), at::randn({c.vocab, 16}), c.from};
  const HeadRows to{at::randn({c.rows, 24}).set_requires_grad(true),
                    at::randn({c.vocab, 24}).set_requires_grad(c.trains_weight), c.to};
  const HeadRows wide = in_double(to);
  const at::Tensor kl = ops::token_kl(from, to), expected = reference::token_kl(in_double(from), wide);
  EXPECT_LT(error_against(kl.detach(), expected.detach()), 1e-5);
  const at::Tensor slopes = at::randn({c.rows}, at::kDouble);
  (kl * slopes.to(at::kFloat)).sum().backward();
  (expected * slopes).sum().backward();
  EXPECT_LT(error_against(to.hidden.grad(), wide.hidden.grad()), 1e-4);
  if (c.trains_weight) {
    EXPECT_LT(error_against(to.weight.grad(), wide.weight.grad()), 1e-4);
  }
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(same_bits(ops::token_kl(from, to), kl.detach()));
}

INSTANTIATE_TEST_SUITE_P(Shapes, TokenKl,
                         ::testing::Values(Case{5, 7, {}, {}, false},
                                           Case{9, 3000, {1.0, 0.0, 240}, {1.0, 0.0, 4}, false},
                                           Case{7, 1025, {0.5, 0.0, 240}, {2.0, 0.0, 3}, true},
                                           Case{6, 300, {1.0, 3.0, 240}, {0.5, 5.0, 6}, false},
                                           Case{4, 2048, {1.0, 3.0, 240}, {1.0, 4.0, 240}, true},
                                           Case{3, 1, {}, {}, false}));

// Logits (0, log 3) and (0, 0): p = (1/4, 3/4), q = (1/2, 1/2); KL = 1/4·log(1/2) + 3/4·log(3/2), and its
// gradient with respect to the second's logits is q − p = (1/4, −1/4).
TEST(TokenKlByHand, OfTwoTokens) {
  const at::Tensor identity = at::eye(2);
  const HeadRows from{at::tensor({0.0f, std::log(3.0f)}).view({1, 2}), identity},
      to{at::zeros({1, 2}).set_requires_grad(true), identity};
  const at::Tensor kl = ops::token_kl(from, to);
  EXPECT_NEAR(kl.item<double>(), 0.25 * std::log(0.5) + 0.75 * std::log(1.5), 1e-6);
  kl.sum().backward();
  EXPECT_NEAR(to.hidden.grad()[0][0].item<double>(), 0.25, 1e-6);
  EXPECT_NEAR(to.hidden.grad()[0][1].item<double>(), -0.25, 1e-6);
}

TEST(TokenKlRows, OfAModelToItselfIsExactlyZero) {
  const HeadRows from{at::randn({20, 24}), at::randn({5000, 24}), {1.0, 20.0, 240}};
  HeadRows to = from;
  to.hidden = from.hidden.clone().set_requires_grad(true);
  const at::Tensor kl = ops::token_kl(from, to);
  EXPECT_TRUE(same_bits(kl.detach(), at::zeros({20})));
  kl.sum().backward();
  EXPECT_EQ(to.hidden.grad().abs().max().item<double>(), 0);
}

// Near-equal distributions, which a policy and its reference are: what cancellation would ruin.
TEST(TokenKlRows, SmallDivergencesAreExact) {
  const at::Tensor hidden = at::randn({6, 24}), weight = at::randn({4000, 24});
  const HeadRows from{hidden, weight}, to{hidden + at::randn({6, 24}) * 1e-3, weight};
  const at::Tensor expected = reference::token_kl(in_double(from), in_double(to)).detach();
  const at::Tensor kl = ops::token_kl(from, to);
  EXPECT_LT(expected.max().item<double>(), 1e-4);
  EXPECT_LT((kl.to(at::kDouble) - expected).abs().max().item<double>(), 1e-6);
}

TEST(TokenKlRows, ARowIsTheSameBitsAloneInABatchAndAtAnyNumberOfThreads) {
  const HeadRows from{at::randn({50, 24}), at::randn({3000, 24})},
      to{at::randn({50, 24}), at::randn({3000, 24})};
  const at::Tensor together = ops::token_kl(from, to);
  for (const int64_t row : {0, 7, 49})
    EXPECT_TRUE(same_bits(
        ops::token_kl({from.hidden.narrow(0, row, 1), from.weight}, {to.hidden.narrow(0, row, 1), to.weight}),
        together.narrow(0, row, 1)));
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_TRUE(same_bits(ops::token_kl(from, to), together));
  at::set_num_threads(threads);
}

TEST(TokenKlTypes, HalfPrecisionWeightsCountAsTheirFloat32Values) {
  const at::Tensor weight = at::randn({2000, 16}).to(at::kBFloat16), hidden = at::randn({5, 16});
  const at::Tensor other = at::randn({5, 16});
  const at::Tensor narrow = ops::token_kl({hidden, weight}, {other, weight}),
                   wide = ops::token_kl({hidden, weight.to(at::kFloat)}, {other, weight.to(at::kFloat)});
  EXPECT_LT(error_against(narrow, wide), 1e-5);
  at::Tensor half = other.to(at::kBFloat16).set_requires_grad(true);
  ops::token_kl({hidden, weight}, {half, weight}).sum().backward();
  EXPECT_EQ(half.grad().scalar_type(), at::kBFloat16);
}

TEST(TokenKlChecks, RefusesMisfits) {
  const HeadRows rows{at::zeros({2, 4}), at::zeros({10, 4})};
  EXPECT_THROW(ops::token_kl(rows, {at::zeros({3, 4}), at::zeros({10, 4})}), Error);
  EXPECT_THROW(ops::token_kl(rows, {at::zeros({2, 4}), at::zeros({11, 4})}), Error);
  EXPECT_THROW(ops::token_kl(rows, {at::zeros({2, 5}), at::zeros({10, 4})}), Error);
  EXPECT_EQ(
      ops::token_kl({at::zeros({0, 4}), at::zeros({10, 4})}, {at::zeros({0, 4}), at::zeros({10, 4})}).size(0),
      0);
}

}  // namespace
}  // namespace xlt
