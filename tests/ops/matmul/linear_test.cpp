// SPDX-License-Identifier: Apache-2.0
// linear and lora_linear: values, gradients, and rows that do not depend on their batch.
#include "xlt/ops/matmul/linear.h"

#include "ops/matmul/matmul.h"
#include "ops/op_testing.h"

#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/matmul/machine_rates.h"

namespace xlt::ops {
namespace {

using xlt::testing::normal;
using xlt::testing::same_bits;

at::Tensor plain_lora(const std::vector<at::Tensor>& at, double scale) {
  return at::linear(at[0], at[1]) + at::linear(at::linear(at[0], at[2]), at[3]) * scale;
}

TEST(Linear, MultipliesByTheTransposedWeightAndAddsTheBias) {
  const at::Tensor x = at::tensor({1.0f, 2.0f}).view({1, 2}),
                   weight = at::tensor({3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f}).view({3, 2});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(ops::linear(x, weight).equal(at::tensor({11.0f, 17.0f, 23.0f}).view({1, 3})));
  EXPECT_TRUE(ops::linear(x, weight, at::tensor({0.5f, 1.0f, 1.5f}))
                  .equal(at::tensor({11.5f, 18.0f, 24.5f}).view({1, 3})));
}

TEST(Linear, KeepsLeadingDimensionsAndNoRows) {
  const at::Tensor weight = normal({7, 5}, 1, at::kFloat);
  EXPECT_EQ(ops::linear(normal({2, 3, 5}, 2, at::kFloat), weight).sizes(), (std::vector<int64_t>{2, 3, 7}));
  EXPECT_EQ(ops::linear(normal({5}, 3, at::kFloat), weight).sizes(), (std::vector<int64_t>{7}));
  EXPECT_EQ(ops::linear(normal({0, 5}, 4, at::kFloat), weight).sizes(), (std::vector<int64_t>{0, 7}));
  EXPECT_THROW(ops::linear(normal({2, 6}, 5, at::kFloat), weight), Error);
}

TEST(Linear, MatchesFiniteDifferencesInDouble) {
  const auto function = [](const std::vector<at::Tensor>& at) { return ops::linear(at[0], at[1], at[2]); };
  xlt::testing::expect_gradients_by_finite_differences(
      function, {normal({3, 4}, 1), normal({5, 4}, 2), normal({5}, 3)});
}

TEST(Linear, AFrozenWeightGetsNoGradient) {
  const at::Tensor x = normal({6, 4}, 1, at::kFloat).requires_grad_(true),
                   weight = normal({5, 4}, 2, at::kFloat);
  ops::linear(x, weight).sum().backward();
  EXPECT_FALSE(weight.grad().defined());
  EXPECT_LE(xlt::testing::error_against(x.grad()[3], weight.sum(0)), 1e-6);
}

TEST(LoraLinear, MatchesFiniteDifferencesInDouble) {
  const at::Tensor weight = normal({5, 4}, 1);
  const auto function = [&](const std::vector<at::Tensor>& at) {
    return lora_linear(at[0], weight, at[1], at[2], 0.5);
  };
  xlt::testing::expect_gradients_by_finite_differences(
      function, {normal({3, 4}, 2), normal({2, 4}, 3), normal({5, 2}, 4)});
}

TEST(LoraLinear, AcceptsAFloat32AdapterOnABfloat16Model) {
  const at::Tensor x = normal({12, 64}, 1, at::kBFloat16), weight = normal({96, 64}, 2, at::kBFloat16) / 8;
  at::Tensor a = normal({8, 64}, 3, at::kFloat) / 8, b = normal({96, 8}, 4, at::kFloat);
  const at::Tensor exact =
      plain_lora({x.to(at::kDouble), weight.to(at::kDouble), a.to(at::kDouble), b.to(at::kDouble)}, 2.0);
  a.requires_grad_(true);
  b.requires_grad_(true);
  const at::Tensor y = lora_linear(x, weight, a, b, 2.0);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LE(xlt::testing::error_against(y, exact), 0.1);
  y.sum().backward();
  EXPECT_EQ(a.grad().scalar_type(), at::kFloat);
  EXPECT_EQ(b.grad().scalar_type(), at::kFloat);
}

// y and the gradients of x, a and b of two weights, for a float32 x.
std::vector<at::Tensor> lora_results(const at::Tensor& weight) {
  std::vector<at::Tensor> leaves = {normal({30, 201}, 1, at::kFloat), normal({8, 201}, 3, at::kFloat),
                                    normal({96, 8}, 4, at::kFloat)};
  for (at::Tensor& leaf : leaves) leaf.requires_grad_(true);
  const at::Tensor y = lora_linear(leaves[0], weight, leaves[1], leaves[2], 0.5);
  y.mul(normal({30, 96}, 5, at::kFloat)).sum().backward();
  std::vector<at::Tensor> results = {y.detach()};
  for (const at::Tensor& leaf : leaves) results.push_back(leaf.grad());
  return results;
}

TEST(LoraLinear, AFloat32XTakesAWeightInHalfPrecisionAsItsFloat32Values) {
  if (!reads_half_weights()) GTEST_SKIP() << "no AVX2";
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    const at::Tensor weight = normal({96, 201}, 2, dtype);
    const auto results = lora_results(weight), expected = lora_results(weight.to(at::kFloat));
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].scalar_type(), at::kFloat);
      EXPECT_TRUE(same_bits(results[i], expected[i])) << dtype << " " << i;
    }
    const at::NoGradGuard no_grad;
    const at::Tensor x = normal({5, 201}, 6, at::kFloat), bias = normal({96}, 7, at::kFloat);
    EXPECT_TRUE(same_bits(ops::linear(x, weight, bias), ops::linear(x, weight.to(at::kFloat), bias)));
    EXPECT_EQ(ops::linear(x.narrow(0, 0, 0), weight).sizes(), (std::vector<int64_t>{0, 96}));
  }
}

// Twice rounded, the product and then the sum, the mean square would be about twice as large.
TEST(Linear, ABiasIsAddedBeforeTheRoundingWithAndWithoutGradients) {
  const at::Tensor x = normal({64, 96}, 6, at::kBFloat16), weight = normal({80, 96}, 7, at::kBFloat16),
                   bias = normal({80}, 8, at::kBFloat16) * 8;
  const at::Tensor exact = at::linear(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble));
  const auto squared_error = [&](const at::Tensor& y) {
    return (y.to(at::kDouble) - exact).square().mean().item<double>();
  };
  const at::Tensor y = ops::linear(x, weight, bias);
  EXPECT_LT(squared_error(y), 1.05 * squared_error(exact.to(at::kBFloat16)));
  EXPECT_TRUE(same_bits(ops::linear(x.detach().clone().requires_grad_(true), weight, bias).detach(), y));
  const at::Tensor a = normal({2, 96}, 9, at::kFloat), b = at::zeros({80, 2});
  EXPECT_TRUE(same_bits(lora_linear(x, weight, a, b, 1, {}, bias), y));
  const at::Tensor trained = a.detach().clone().requires_grad_(true);
  EXPECT_TRUE(same_bits(lora_linear(x, weight, trained, b, 1, {}, bias).detach(), y));
}

TEST(LoraLinear, RefusesAnAdapterOfAnotherShape) {
  const at::Tensor x = at::ones({2, 4}), weight = at::ones({5, 4});
  EXPECT_THROW(lora_linear(x, weight, at::ones({2, 3}), at::ones({5, 2}), 1), Error);
  EXPECT_THROW(lora_linear(x, weight, at::ones({2, 4}), at::ones({5, 3}), 1), Error);
}

TEST(MatmulLibrary, IsNamedForReports) {
  const at::Tensor ones = at::ones({2, 2});
  const std::string name = matmul_library(ones, ones);
  EXPECT_TRUE(name == "xlt" || name == "mkl" || name == "onednn") << name;
  EXPECT_GE(invariant_rows(ones, ones), 1);
}

TEST(MultiplyAdds, OfEveryProductAreCounted) {
  if (!reads_half_weights()) GTEST_SKIP() << "no AVX2: rows are padded";
  const auto counted = [](const auto& function) {
    const int64_t before = num_multiply_adds();
    function();
    return num_multiply_adds() - before;
  };
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::ones({3, 5}), weight = at::ones({7, 5}), a = at::ones({2, 5}),
                   b = at::ones({7, 2});
  EXPECT_EQ(counted([&] { ops::linear(x, weight); }), 3 * 7 * 5);
  EXPECT_EQ(counted([&] { lora_linear(x, weight, a, b, 1); }), 3 * (7 * 5 + 2 * 5 + 7 * 2));
  EXPECT_EQ(counted([&] { head_logits(x, at::ones({300, 5})); }), 3 * 300 * 5);
  EXPECT_EQ(counted([&] { matmul_nf4(x, nf4_quantize(weight), false); }), 3 * 7 * 5);
}

// Every library is exact on this machine, chosen here or not (oneDNN in bfloat16 needs AVX-512).
class LibraryOf : public ::testing::TestWithParam<std::tuple<MatmulLibrary, at::ScalarType>> {};

TEST_P(LibraryOf, MultipliesStridedOperands) {
  const auto& [library, dtype] = GetParam();
  const at::Tensor x = normal({33, 70}, 1, dtype), weight = normal({70, 41}, 2, dtype).t(),
                   bias = normal({41}, 3, dtype);
  const at::Tensor exact = at::linear(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble));
  const double tolerance = 40 * xlt::testing::epsilon_of(dtype);
  EXPECT_LE(xlt::testing::error_against(matmul_nt(library, x, weight, bias), exact), tolerance);
  const at::Tensor columns = normal({70, 33}, 1, dtype).t();
  const at::Tensor exact_columns = at::linear(columns.to(at::kDouble), weight.to(at::kDouble));
  EXPECT_LE(xlt::testing::error_against(matmul_nt(library, columns, weight), exact_columns), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Each, LibraryOf,
                         ::testing::Values(std::tuple{MatmulLibrary::kOwn, at::kFloat},
                                           std::tuple{MatmulLibrary::kOwn, at::kBFloat16},
                                           std::tuple{MatmulLibrary::kOwn, at::kHalf},
                                           std::tuple{MatmulLibrary::kMkl, at::kFloat},
                                           std::tuple{MatmulLibrary::kMkl, at::kDouble},
                                           std::tuple{MatmulLibrary::kMklWidened, at::kBFloat16},
                                           std::tuple{MatmulLibrary::kMklWidened, at::kHalf},
                                           std::tuple{MatmulLibrary::kOnednnBf16, at::kBFloat16}));

class LinearIn : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(LinearIn, IsAsExactAsPlainAten) {
  const std::vector<at::Tensor> inputs = {normal({30, 123}, 1, GetParam()), normal({45, 123}, 2, GetParam())};
  xlt::testing::expect_rule_of_two(
      [](const std::vector<at::Tensor>& at) { return ops::linear(at[0], at[1]); },
      [](const std::vector<at::Tensor>& at) { return at::linear(at[0], at[1]); }, inputs);
}

TEST_P(LinearIn, LoraIsAsExactAsPlainAten) {
  const at::Tensor weight = normal({45, 123}, 2, GetParam());
  const std::vector<at::Tensor> inputs = {normal({30, 123}, 1, GetParam()), normal({8, 123}, 3, GetParam()),
                                          normal({45, 8}, 4, GetParam())};
  const auto ours = [&](const std::vector<at::Tensor>& at) {
    return lora_linear(at[0], weight, at[1], at[2], 0.25);
  };
  const auto plain = [&](const std::vector<at::Tensor>& at) {
    return plain_lora({at[0], weight.to(at[0].scalar_type()), at[1], at[2]}, 0.25);
  };
  xlt::testing::expect_rule_of_two(ours, plain, inputs);
}

INSTANTIATE_TEST_SUITE_P(EveryType, LinearIn,
                         ::testing::Values(at::kFloat, at::kDouble, at::kBFloat16, at::kHalf));

// Shapes of small and middling models: [out, in].
using Types = std::pair<at::ScalarType, at::ScalarType>;  // of x and of the weight
class RowsOf : public ::testing::TestWithParam<std::tuple<Types, int64_t, int64_t>> {};

TEST_P(RowsOf, DoNotDependOnTheirBatchWithoutGradients) {
  const auto& [types, out, in] = GetParam();
  const at::ScalarType dtype = types.first;
  const at::NoGradGuard no_grad;
  const at::Tensor x = normal({200, in}, 1, dtype), weight = normal({out, in}, 2, types.second);
  const at::Tensor a = normal({16, in}, 3, dtype), b = normal({out, 16}, 4, dtype);
  const at::Tensor all = ops::linear(x, weight), lora = lora_linear(x, weight, a, b, 2.0);
  for (const int64_t count : {1, 2, 3, 5, 7, 9, 10, 11, 13, 25, 64}) {
    for (const int64_t begin : {int64_t{0}, int64_t{7}, 200 - count}) {
      const at::Tensor part = x.narrow(0, begin, count);
      EXPECT_TRUE(same_bits(ops::linear(part, weight), all.narrow(0, begin, count)))
          << count << " rows from " << begin;
      EXPECT_TRUE(same_bits(lora_linear(part, weight, a, b, 2.0), lora.narrow(0, begin, count)))
          << "lora, " << count << " rows from " << begin;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryShape, RowsOf,
                         ::testing::Combine(::testing::Values(Types{at::kFloat, at::kFloat},
                                                              Types{at::kBFloat16, at::kBFloat16},
                                                              Types{at::kFloat, at::kBFloat16}),
                                            ::testing::Values(64, 1024, 2048),
                                            ::testing::Values(64, 123, 640, 2048)));

}  // namespace
}  // namespace xlt::ops
