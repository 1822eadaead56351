// SPDX-License-Identifier: Apache-2.0
// token_logps and head_logits: by hand, against the reference in double, bits alone and in a batch.
#include "xlt/ops/head/token_logps.h"

#include "ops/matmul/cpu_matmul.h"
#include "ops/matmul/matmul.h"
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

using xlt::testing::error_against;
using xlt::testing::same_bits;

struct Case {
  int64_t rows, vocab;
  ops::HeadOptions options;
  bool trains_weight;
};

class TokenLogps : public ::testing::TestWithParam<Case> {};

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
  if (c.trains_weight) {
    EXPECT_LT((weight.grad() - wide_weight.grad()).abs().max().item<double>(), 1e-4);
  }
  const at::NoGradGuard no_grad;
  EXPECT_LT((ops::token_logps(hidden, weight, targets, c.options) - expected).abs().max().item<double>(),
            2e-5);
}

// Vocabularies around and beyond blocks of 256 and 1,024 columns; chunks that do not divide the rows.
INSTANTIATE_TEST_SUITE_P(
    Shapes, TokenLogps,
    ::testing::Values(Case{5, 7, {}, false}, Case{13, 1, {}, false}, Case{9, 40000, {1.0, 0.0, 4}, false},
                      Case{7, 300, {0.5, 0.0, 3}, true}, Case{5, 40000, {0.5, 4.0, 2}, true},
                      Case{6, 300, {1.0, 5.0, 4}, true}, Case{6, 4097, {2.0, 3.0, 128}, false}));

TEST(TokenLogpsByHand, UniformLogitsGiveMinusLogOfTheVocabulary) {
  const at::Tensor logp =
      ops::token_logps(at::zeros({3, 4}), at::randn({1000, 4}), at::tensor({0, 5, 999}, at::kLong));
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(logp[i].item<double>(), -std::log(1000.0), 1e-6);
}

TEST(TokenLogpsRows, ARowIsTheSameBitsAloneAndInABatch) {
  const at::NoGradGuard no_grad;
  const at::Tensor hidden = at::randn({200, 24}), weight = at::randn({20000, 24}),
                   targets = at::randint(20000, {200}, at::kLong);
  const at::Tensor together = ops::token_logps(hidden, weight, targets);
  for (int64_t row : {0, 3, 127, 128, 199})
    EXPECT_TRUE(at::equal(ops::token_logps(hidden.narrow(0, row, 1), weight, targets.narrow(0, row, 1)),
                          together.narrow(0, row, 1)));
}

TEST(TokenLogpsRows, NoRowsGiveNoValues) {
  EXPECT_EQ(ops::token_logps(at::zeros({0, 4}), at::randn({10, 4}), at::zeros({0}, at::kLong)).size(0), 0);
}

TEST(TokenLogpsByHand, TheScaleComesBeforeTheCap) {
  // Logits 2·(1, 3) = (2, 6), capped at 4.
  const at::Tensor logp = ops::token_logps(at::ones({1, 1}), at::tensor({1.0f, 3.0f}).view({2, 1}),
                                           at::zeros({1}, at::kLong), {2.0, 4.0, 128});
  const double a = 4 * std::tanh(0.5), b = 4 * std::tanh(1.5);
  EXPECT_NEAR(logp.item<double>(), a - std::log(std::exp(a) + std::exp(b)), 1e-6);
}

TEST(TokenLogpsRows, AValueIsTheSameBitsWithAndWithoutGradients) {
  // A policy equal to its reference must have log-ratios of exactly 0.
  at::Tensor hidden = at::randn({150, 24}), weight = at::randn({20000, 24});
  const at::Tensor targets = at::randint(20000, {150}, at::kLong);
  const at::Tensor plain = ops::token_logps(hidden, weight, targets);
  hidden.set_requires_grad(true);
  EXPECT_TRUE(same_bits(ops::token_logps(hidden, weight, targets).detach(), plain));
  weight.set_requires_grad(true);
  EXPECT_TRUE(same_bits(ops::token_logps(hidden, weight, targets).detach(), plain));
}

// Where a target takes nearly all of the probability, its gradient is a small difference of large terms.
TEST(TokenLogpsRows, GradientsOfConfidentRowsAreAsExactAsTheNaiveForm) {
  const at::Tensor weight = at::randn({30000, 24}), targets = at::arange(7, at::kLong) * 4001;
  for (const double confidence : {0.2, 0.5, 1.0, 3.0}) {
    const at::Tensor hidden = weight.index_select(0, targets) * confidence;
    const auto gradient = [&](auto&& logps, at::ScalarType type) {
      at::Tensor leaf = hidden.to(type).clone().set_requires_grad(true);
      logps(leaf, weight.to(type), targets, ops::HeadOptions{}).sum().backward();
      return leaf.grad();
    };
    const at::Tensor exact = gradient(reference::token_logps, at::kDouble);
    EXPECT_LE(error_against(gradient(ops::token_logps, at::kFloat), exact),
              3 * error_against(gradient(reference::token_logps, at::kFloat), exact) + 1e-7)
        << "confidence " << confidence;
    EXPECT_LE(error_against(gradient(ops::token_logps, at::kBFloat16), exact),
              3 * error_against(gradient(reference::token_logps, at::kBFloat16), exact) + 1.0 / 256)
        << "in bfloat16, confidence " << confidence;
  }
}

TEST(TokenLogpsRows, GradientsAreTheSameBitsAtAnyNumberOfThreads) {
  if (!ops::cpu_matmul_suits()) GTEST_SKIP() << "the library's product, which promises nothing of the kind";
  const at::Tensor hidden = at::randn({50, 24}), weight = at::randn({20000, 24}),
                   targets = at::randint(20000, {50}, at::kLong);
  const auto gradient = [&](int num_threads) {
    at::set_num_threads(num_threads);
    at::Tensor leaf = hidden.clone().set_requires_grad(true);
    ops::token_logps(leaf, weight, targets).sum().backward();
    return leaf.grad();
  };
  const int threads = at::get_num_threads();
  const at::Tensor one = gradient(1), three = gradient(3);
  at::set_num_threads(threads);
  EXPECT_TRUE(same_bits(one, three));
}

TEST(TokenLogpsTypes, Bfloat16WeightsGiveTheLogitsOfTheirFloat32Values) {
  const at::Tensor weight = at::randn({17000, 16}).to(at::kBFloat16),
                   targets = at::randint(17000, {5}, at::kLong);
  for (const bool trains_weight : {false, true}) {
    at::Tensor hidden = at::randn({5, 16}).to(at::kBFloat16).set_requires_grad(true);
    at::Tensor narrow = weight.clone().set_requires_grad(trains_weight);
    at::Tensor wide = hidden.detach().to(at::kFloat).set_requires_grad(true);
    at::Tensor wide_weight = weight.to(at::kFloat).set_requires_grad(trains_weight);
    const at::Tensor logp = ops::token_logps(hidden, narrow, targets),
                     expected = ops::token_logps(wide, wide_weight, targets);
    if (ops::multiplies_pairs(hidden, narrow))  // pairs are summed in another order
      EXPECT_LE(error_against(logp.detach(), expected.detach()), 1e-6);
    else
      EXPECT_TRUE(same_bits(logp.detach(), expected.detach()));
    logp.sum().backward();
    expected.sum().backward();
    EXPECT_EQ(hidden.grad().scalar_type(), at::kBFloat16);
    EXPECT_LT(error_against(hidden.grad(), wide.grad()), 1.0 / 256);
    if (trains_weight) {
      EXPECT_LT(error_against(narrow.grad(), wide_weight.grad()), 1.0 / 256);
    }
  }
}

TEST(TokenLogpsTypes, Float32RowsTakeAWeightInHalfPrecisionAsItsFloat32Values) {
  const at::Tensor rows = at::randn({5, 161}), targets = at::randint(17000, {5}, at::kLong);
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    const at::Tensor narrow = at::randn({17000, 161}).to(dtype), wide = narrow.to(at::kFloat);
    at::Tensor hidden = rows.clone().set_requires_grad(true), same = rows.clone().set_requires_grad(true);
    const at::Tensor logp = ops::token_logps(hidden, narrow, targets),
                     expected = ops::token_logps(same, wide, targets);
    EXPECT_TRUE(same_bits(logp.detach(), expected.detach()));
    logp.sum().backward();
    expected.sum().backward();
    EXPECT_TRUE(same_bits(hidden.grad(), same.grad()));
    EXPECT_TRUE(same_bits(ops::token_logps(rows, narrow, targets), ops::token_logps(rows, wide, targets)));
    EXPECT_TRUE(same_bits(ops::head_logits(rows, narrow), ops::head_logits(rows, wide)));
  }
}

TEST(TokenLogpsChecks, RefusesTargetsBeyondTheVocabularyAndMisfits) {
  const at::Tensor hidden = at::zeros({1, 4}), weight = at::zeros({10, 4});
  EXPECT_THROW(ops::token_logps(hidden, weight, at::full({1}, 10, at::kLong)), Error);
  EXPECT_THROW(ops::token_logps(hidden, weight, at::full({1}, -1, at::kLong)), Error);
  EXPECT_THROW(ops::token_logps(hidden, at::zeros({10, 5}), at::zeros({1}, at::kLong)), Error);
}

TEST(HeadLogits, AreTheProductScaledAndCapped) {
  const at::Tensor hidden = at::randn({3, 8}), weight = at::randn({16500, 8});
  const ops::HeadOptions options{0.5, 3.0, 128};
  const at::Tensor product = at::matmul(hidden.to(at::kDouble), weight.to(at::kDouble).t());
  EXPECT_LT(error_against(ops::head_logits(hidden, weight, options), at::tanh(product * (0.5 / 3.0)) * 3.0),
            1e-5);
  const at::Tensor narrow = weight.to(at::kBFloat16);
  EXPECT_LT(error_against(ops::head_logits(hidden, narrow, options),
                          ops::head_logits(hidden, narrow.to(at::kFloat), options)),
            1e-5);
  EXPECT_TRUE(same_bits(ops::head_logits(hidden, weight).narrow(0, 1, 1),
                        ops::head_logits(hidden.narrow(0, 1, 1), weight)));
}

TEST(HeadLogits, GoIntoTheRowsOfALargerBuffer) {
  const at::Tensor hidden = at::randn({3, 8}), weight = at::randn({1030, 8});
  const at::Tensor buffer = at::full({5, 1040}, 7.0f);
  ops::head_logits_into(buffer.narrow(0, 1, 3).narrow(1, 2, 1030), hidden, weight);
  EXPECT_TRUE(
      same_bits(buffer.narrow(0, 1, 3).narrow(1, 2, 1030).contiguous(), ops::head_logits(hidden, weight)));
  EXPECT_EQ((buffer != 7.0f).sum().item<int64_t>(), 3 * 1030);
  EXPECT_THROW(ops::head_logits_into(at::zeros({2, 1030}), hidden, weight), Error);
}

}  // namespace
}  // namespace xlt
