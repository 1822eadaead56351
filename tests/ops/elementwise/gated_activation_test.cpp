// SPDX-License-Identifier: Apache-2.0
// gated_activation: values by hand, tails, against the reference, gradients.
#include "xlt/ops/elementwise/gated_activation.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using xlt::testing::Function;
using xlt::testing::normal;

Function op_with(Activation activation) {
  return
      [activation](const std::vector<at::Tensor>& at) { return gated_activation(at[0], at[1], activation); };
}
Function reference_with(Activation activation) {
  return [activation](const std::vector<at::Tensor>& at) {
    return reference::gated_activation(at[0], at[1], activation);
  };
}

TEST(GatedActivation, GivesTheTextbookValues) {
  const at::Tensor gate = at::tensor({1.0, -2.0, 0.0}, at::kDouble).view({1, 3}),
                   up = at::tensor({1.0, 10.0, 5.0}, at::kDouble).view({1, 3});
  // silu(1) = 1/(1 + e⁻¹) = 0.731058578630005; silu(−2) = −2/(1 + e²) = −0.238405844044235
  const at::Tensor silu = gated_activation(gate, up, Activation::kSilu);
  EXPECT_NEAR(silu[0][0].item<double>(), 0.731058578630005, 1e-14);
  EXPECT_NEAR(silu[0][1].item<double>(), -2.38405844044235, 1e-13);
  EXPECT_EQ(silu[0][2].item<double>(), 0.0);
  // gelu(1) = ½(1 + tanh(√(2/π)·1.044715)) = 0.841191990608; gelu(−2) = −(1 + tanh(−√(2/π)·2.35772)) =
  // −0.045402305912
  const at::Tensor gelu = gated_activation(gate, up, Activation::kGeluTanh);
  EXPECT_NEAR(gelu[0][0].item<double>(), 0.841191990608277, 1e-12);
  EXPECT_NEAR(gelu[0][1].item<double>(), -0.454023059122250, 1e-12);
}

TEST(GatedActivation, StaysFiniteFarOut) {
  const at::Tensor gate = at::tensor({-1000.0f, -100.0f, 100.0f, 1000.0f}).view({1, 4}).requires_grad_(true);
  for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
    const at::Tensor y = gated_activation(gate, at::ones({1, 4}), activation);
    EXPECT_TRUE(y.detach().isfinite().all().item<bool>());
    EXPECT_EQ(y[0][0].item<float>(), 0.0f);
    EXPECT_EQ(y[0][3].item<float>(), 1000.0f);
    gate.mutable_grad() = at::Tensor();
    y.sum().backward();
    EXPECT_EQ(gate.grad()[0][0].item<float>(), 0.0f);
    EXPECT_EQ(gate.grad()[0][3].item<float>(), 1.0f);
  }
}

TEST(GatedActivation, MatchesFiniteDifferencesInDouble) {
  const std::vector<at::Tensor> inputs = {normal({3, 5}, 1), normal({3, 5}, 2)};
  xlt::testing::expect_gradients_by_finite_differences(op_with(Activation::kSilu), inputs);
  xlt::testing::expect_gradients_by_finite_differences(op_with(Activation::kGeluTanh), inputs);
}

TEST(GatedActivation, ReadsHalvesOfAFusedProjection) {
  const at::Tensor fused = normal({9, 34}, 3, at::kFloat);
  const at::Tensor gate = fused.narrow(1, 0, 17), up = fused.narrow(1, 17, 17);
  const at::Tensor dense = gated_activation(gate.contiguous(), up.contiguous(), Activation::kSilu);
  EXPECT_TRUE(gated_activation(gate, up, Activation::kSilu).equal(dense));
}

TEST(GatedActivation, ARowDoesNotDependOnTheOthers) {
  const at::Tensor gate = normal({101, 77}, 4, at::kFloat), up = normal({101, 77}, 5, at::kFloat);
  const at::Tensor all = gated_activation(gate, up, Activation::kGeluTanh);
  for (const int64_t row : {0, 50, 100}) {
    const at::Tensor alone =
        gated_activation(gate.narrow(0, row, 1), up.narrow(0, row, 1), Activation::kGeluTanh);
    EXPECT_TRUE(xlt::testing::same_bits(alone, all.narrow(0, row, 1))) << "row " << row;
  }
}

TEST(GatedActivation, RefusesShapesThatDiffer) {
  EXPECT_THROW(gated_activation(at::ones({2, 3}), at::ones({2, 4}), Activation::kSilu), Error);
}

class GatedActivationOn
    : public ::testing::TestWithParam<std::tuple<at::ScalarType, std::vector<int64_t>, Activation>> {};

TEST_P(GatedActivationOn, IsAsExactAsTheReference) {
  const auto& [dtype, sizes, activation] = GetParam();
  xlt::testing::expect_rule_of_two(op_with(activation), reference_with(activation),
                                   {normal(sizes, 6, dtype) * 3, normal(sizes, 7, dtype)});
}

INSTANTIATE_TEST_SUITE_P(
    EveryType, GatedActivationOn,
    ::testing::Combine(::testing::Values(at::kFloat, at::kDouble, at::kBFloat16, at::kHalf),
                       ::testing::Values(std::vector<int64_t>{0, 8}, std::vector<int64_t>{4, 1},
                                         std::vector<int64_t>{5, 123}, std::vector<int64_t>{40, 640}),
                       ::testing::Values(Activation::kSilu, Activation::kGeluTanh, Activation::kGelu)));

}  // namespace
}  // namespace xlt::ops
