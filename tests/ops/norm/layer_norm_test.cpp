// SPDX-License-Identifier: Apache-2.0
// layer_norm: values by hand and by torch's own, every backend and dtype against the reference, gradients.
#include "xlt/ops/norm/layer_norm.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <cmath>
#include <tuple>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/cuda.h"

namespace xlt::ops {
namespace {

using xlt::testing::Function;
using xlt::testing::normal;
using xlt::testing::Target;

constexpr double kEps = 1e-5;

// Inputs x, weight and, if there are three, bias.
at::Tensor op(const std::vector<at::Tensor>& at) {
  return ops::layer_norm(at[0], at[1], at.size() > 2 ? at[2] : at::Tensor(), kEps);
}
at::Tensor naive(const std::vector<at::Tensor>& at) {
  return reference::layer_norm(at[0], at[1], at.size() > 2 ? at[2] : at::Tensor(), kEps);
}

TEST(LayerNorm, CentresAndDividesByTheDeviation) {
  // mean 4, variance ((−3)² + (−1)² + 4²) / 3 = 26/3
  const at::Tensor x = at::tensor({1.0, 3.0, 8.0}, at::kDouble),
                   weight = at::tensor({1.0, 2.0, 1.0}, at::kDouble),
                   bias = at::tensor({0.0, 0.0, 5.0}, at::kDouble);
  const at::Tensor y = ops::layer_norm(x, weight, bias, 0.0);
  const double deviation = std::sqrt(26.0 / 3);
  EXPECT_NEAR(y[0].item<double>(), -3 / deviation, 1e-14);
  EXPECT_NEAR(y[1].item<double>(), -2 / deviation, 1e-14);
  EXPECT_NEAR(y[2].item<double>(), 4 / deviation + 5, 1e-14);
}

TEST(LayerNorm, IsTorchsOwnInDouble) {
  const at::Tensor x = normal({7, 33}, 1) + 100, weight = normal({33}, 2), bias = normal({33}, 3);
  EXPECT_LT((ops::layer_norm(x, weight, bias, kEps) - at::layer_norm(x, {33}, weight, bias, kEps))
                .abs()
                .max()
                .item<double>(),
            1e-11);
}

TEST(LayerNorm, AConstantRowGivesTheBias) {
  const at::Tensor bias = normal({7}, 1, at::kFloat);
  EXPECT_TRUE(ops::layer_norm(at::full({2, 7}, 3.0f), at::ones({7}), bias, kEps).equal(bias.expand({2, 7})));
}

TEST(LayerNorm, RefusesParametersOfAnotherSizeOrType) {
  EXPECT_THROW(ops::layer_norm(at::ones({2, 3}), at::ones({4}), {}, kEps), Error);
  EXPECT_THROW(ops::layer_norm(at::ones({2, 3}), at::ones({3}), at::ones({4}), kEps), Error);
  EXPECT_THROW(ops::layer_norm(at::ones({2, 3}), at::ones({3}, at::kBFloat16), {}, kEps), Error);
}

TEST(LayerNorm, MatchesFiniteDifferencesInDouble) {
  xlt::testing::expect_gradients_by_finite_differences(op, {normal({3, 5}, 1), normal({5}, 2)});
  xlt::testing::expect_gradients_by_finite_differences(op,
                                                       {normal({3, 5}, 1), normal({5}, 2), normal({5}, 3)});
}

TEST(LayerNorm, WorksOutOnlyTheGradientsAskedFor) {
  const at::Tensor x = normal({4, 6}, 3, at::kFloat), weight = normal({6}, 4, at::kFloat),
                   bias = normal({6}, 5, at::kFloat).requires_grad_(true);
  ops::layer_norm(x, weight, bias, kEps).sum().backward();
  EXPECT_FALSE(x.grad().defined() || weight.grad().defined());
  EXPECT_TRUE(bias.grad().equal(at::full({6}, 4.0f)));
}

TEST(LayerNorm, ARowDoesNotDependOnTheOthers) {
  const at::Tensor x = normal({300, 123}, 5, at::kFloat), weight = normal({123}, 6, at::kFloat);
  const at::Tensor all = ops::layer_norm(x, weight, {}, kEps);
  for (const int64_t row : {0, 17, 299})
    EXPECT_TRUE(xlt::testing::same_bits(ops::layer_norm(x.narrow(0, row, 1), weight, {}, kEps),
                                        all.narrow(0, row, 1)))
        << "row " << row;
}

// Inputs x, residual, weight and bias; {x + residual, its norm} as one tensor.
at::Tensor sum_and_norm(const std::vector<at::Tensor>& at) {
  const auto [sum, y] = ops::add_layer_norm(at[0], at[1], at[2], at.size() > 3 ? at[3] : at::Tensor(), kEps);
  return at::stack({sum, y});
}
at::Tensor sum_then_norm(const std::vector<at::Tensor>& at) {
  const at::Tensor sum = at[0] + at[1];
  return at::stack({sum, reference::layer_norm(sum, at[2], at.size() > 3 ? at[3] : at::Tensor(), kEps)});
}

TEST(AddLayerNorm, MatchesFiniteDifferencesInDouble) {
  const std::vector<at::Tensor> inputs = {normal({3, 5}, 1), normal({3, 5}, 2), normal({5}, 3)};
  xlt::testing::expect_gradients_by_finite_differences(sum_and_norm, inputs);
  xlt::testing::expect_gradients_by_finite_differences(sum_and_norm,
                                                       {inputs[0], inputs[1], inputs[2], normal({5}, 4)});
}

TEST(AddLayerNorm, GivesTheBitsOfTheTwoOneAfterTheOther) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf}) {
    const at::Tensor x = normal({37, 129}, 1, dtype), residual = normal({129, 37}, 2, dtype).t(),
                     weight = normal({129}, 3, dtype), bias = normal({129}, 4, dtype);
    const auto [sum, y] = ops::add_layer_norm(x, residual, weight, bias, kEps);
    EXPECT_TRUE(xlt::testing::same_bits(sum, x + residual)) << dtype;
    EXPECT_TRUE(xlt::testing::same_bits(y, ops::layer_norm(sum, weight, bias, kEps))) << dtype;
  }
}

TEST(AddLayerNorm, EitherResultMayGoUnused) {
  for (const bool uses_sum : {false, true}) {
    const at::Tensor x = normal({4, 6}, 1).requires_grad_(true), residual = normal({4, 6}, 2),
                     weight = normal({6}, 3).requires_grad_(true);
    const auto [sum, y] = ops::add_layer_norm(x, residual, weight, {}, kEps);
    (uses_sum ? sum : y * y).sum().backward();
    const at::Tensor gradient = x.grad().clone();
    EXPECT_EQ(weight.grad().defined(), !uses_sum);
    x.mutable_grad().reset();
    const at::Tensor total = x + residual, norm = reference::layer_norm(total, weight, {}, kEps);
    (uses_sum ? total : norm * norm).sum().backward();
    EXPECT_TRUE(at::allclose(gradient, x.grad(), 1e-10, 1e-10));
  }
}

TEST(AddLayerNorm, RefusesAResidualOfAnotherShapeOrType) {
  const at::Tensor x = at::ones({2, 3}), weight = at::ones({3});
  EXPECT_THROW(ops::add_layer_norm(x, at::ones({3}), weight, {}, kEps), Error);
  EXPECT_THROW(ops::add_layer_norm(x, at::ones({2, 3}, at::kDouble), weight, {}, kEps), Error);
}

using Sizes = std::vector<int64_t>;

class LayerNormOn : public ::testing::TestWithParam<std::tuple<Target, Sizes, bool>> {
 protected:
  static std::vector<at::Tensor> inputs(const ParamType& of, int64_t step) {
    const auto& [target, sizes, has_bias] = of;
    Sizes wide = sizes;
    wide.back() *= step;
    const auto every = [&, device = target.device](const at::Tensor& x) {
      return x.to(at::Device(device)).slice(-1, 0, wide.back(), step);
    };
    std::vector<at::Tensor> all = {every(normal(wide, 7, target.dtype)),
                                   every(normal({wide.back()}, 8, target.dtype))};
    if (has_bias) all.push_back(every(normal({wide.back()}, 9, target.dtype)));
    return all;
  }
};

TEST_P(LayerNormOn, IsAsExactAsTheReference) {
  XLT_SKIP_WITHOUT_DEVICE(std::get<0>(GetParam()));
  xlt::testing::expect_rule_of_two(op, naive, inputs(GetParam(), 1));
}

TEST_P(LayerNormOn, IsAsExactAsTheReferenceAfterAResidual) {
  XLT_SKIP_WITHOUT_DEVICE(std::get<0>(GetParam()));
  std::vector<at::Tensor> with_residual = inputs(GetParam(), 1);
  with_residual.insert(
      with_residual.begin() + 1,
      normal(std::get<1>(GetParam()), 11, with_residual[0].scalar_type()).to(with_residual[0].device()));
  xlt::testing::expect_rule_of_two(sum_and_norm, sum_then_norm, with_residual);
}

TEST_P(LayerNormOn, TakesStridedInput) {
  XLT_SKIP_WITHOUT_DEVICE(std::get<0>(GetParam()));
  const std::vector<at::Tensor> strided = inputs(GetParam(), 2);
  std::vector<at::Tensor> dense;
  for (const at::Tensor& input : strided) dense.push_back(input.contiguous());
  EXPECT_TRUE(op(strided).equal(op(dense)));
}

std::string name_of_case(const ::testing::TestParamInfo<LayerNormOn::ParamType>& info) {
  const auto& [target, sizes, has_bias] = info.param;
  std::string name = xlt::testing::name_of(target);
  for (const int64_t size : sizes) name += "_" + std::to_string(size);
  return name + (has_bias ? "_bias" : "_no_bias");
}

INSTANTIATE_TEST_SUITE_P(
    EveryBackend, LayerNormOn,
    ::testing::Combine(::testing::ValuesIn(xlt::testing::cpu_and_cuda_targets()),
                       ::testing::Values(Sizes{0, 8}, Sizes{4, 1}, Sizes{5, 123}, Sizes{2, 3, 640},
                                         Sizes{130, 67},
                                         // on a GPU: held in registers, or too wide to be
                                         Sizes{2, 6000}, Sizes{2, 12008}, Sizes{1, 17001}),
                       ::testing::Bool()),
    name_of_case);

}  // namespace
}  // namespace xlt::ops
