// SPDX-License-Identifier: Apache-2.0
// activation: values by hand, far out, against the reference, gradients, elements at the end of a vector.
#include "xlt/ops/elementwise/activation.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace xlt::ops {
namespace {

using xlt::testing::Function;
using xlt::testing::normal;

constexpr Activation kAll[] = {Activation::kSilu, Activation::kGeluTanh, Activation::kGelu,
                               Activation::kRelu};

Function op_with(Activation kind) {
  return [kind](const std::vector<at::Tensor>& at) { return activation(at[0], kind); };
}
Function reference_with(Activation kind) {
  return [kind](const std::vector<at::Tensor>& at) { return reference::activation(at[0], kind); };
}

TEST(Activation, GivesTheTextbookValues) {
  const at::Tensor x = at::tensor({1.0f, -2.0f, 0.0f});
  // gelu(1) = Φ(1) = 0.8413447460685429; gelu(−2) = −2·Φ(−2) = −2 · 0.022750131948179
  const at::Tensor gelu = activation(x, Activation::kGelu);
  EXPECT_NEAR(gelu[0].item<float>(), 0.8413447460685429, 1e-7);
  EXPECT_NEAR(gelu[1].item<float>(), -0.045500263896358, 1e-8);
  EXPECT_EQ(gelu[2].item<float>(), 0.0f);
  const at::Tensor relu = activation(x, Activation::kRelu);
  EXPECT_EQ(relu[0].item<float>(), 1.0f);
  EXPECT_EQ(relu[1].item<float>(), 0.0f);
}

TEST(Activation, IsTheIdentityOrZeroFarOut) {
  for (const Activation kind : kAll) {
    const at::Tensor y = activation(at::tensor({-1000.0f, 1000.0f}), kind);
    EXPECT_EQ(y[0].item<float>(), 0.0f);
    EXPECT_EQ(y[1].item<float>(), 1000.0f);
  }
}

TEST(Activation, MatchesFiniteDifferencesInDouble) {
  for (const Activation kind : kAll)
    xlt::testing::expect_gradients_by_finite_differences(op_with(kind), {normal({3, 5}, 1)});
}

TEST(Activation, AnElementDoesNotDependOnWhereItLies) {
  const at::Tensor x = normal({101, 77}, 4, at::kFloat);
  for (const Activation kind : kAll) {
    const at::Tensor all = activation(x, kind);
    for (const int64_t row : {0, 50, 100})
      for (const int64_t column : {0, 40, 76})
        EXPECT_TRUE(
            xlt::testing::same_bits(activation(x.narrow(0, row, 1).narrow(1, column, 77 - column), kind),
                                    all.narrow(0, row, 1).narrow(1, column, 77 - column)));
  }
}

class ActivationOn
    : public ::testing::TestWithParam<std::tuple<at::ScalarType, std::vector<int64_t>, Activation>> {};

TEST_P(ActivationOn, IsAsExactAsTheReference) {
  const auto& [dtype, sizes, kind] = GetParam();
  xlt::testing::expect_rule_of_two(op_with(kind), reference_with(kind), {normal(sizes, 6, dtype) * 3});
}

INSTANTIATE_TEST_SUITE_P(
    EveryType, ActivationOn,
    ::testing::Combine(::testing::Values(at::kFloat, at::kDouble, at::kBFloat16, at::kHalf),
                       ::testing::Values(std::vector<int64_t>{0, 8}, std::vector<int64_t>{4, 1},
                                         std::vector<int64_t>{5, 123}, std::vector<int64_t>{40, 640}),
                       ::testing::ValuesIn(kAll)));

}  // namespace
}  // namespace xlt::ops
