// SPDX-License-Identifier: Apache-2.0
// rms_norm: values by hand, every backend and dtype against the reference, gradients.
#include "xlt/ops/norm/rms_norm.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/cuda.h"

namespace xlt::ops {
namespace {

using xlt::testing::Function;
using xlt::testing::normal;
using xlt::testing::Target;

constexpr double kEps = 1e-6;

Function op_with(RmsNormCasting casting) {
  return [casting](const std::vector<at::Tensor>& at) { return ops::rms_norm(at[0], at[1], kEps, casting); };
}
Function reference_with(RmsNormCasting casting) {
  return [casting](const std::vector<at::Tensor>& at) {
    return reference::rms_norm(at[0], at[1], kEps, casting);
  };
}

TEST(RmsNorm, DividesByTheRootMeanSquare) {
  // mean(3², 4²) = 12.5; (3, 4) / √12.5 = (0.848528, 1.131371)
  const at::Tensor x = at::tensor({3.0, 4.0}, at::kDouble), weight = at::tensor({1.0, 10.0}, at::kDouble);
  const at::Tensor llama = ops::rms_norm(x, weight, 0.0, RmsNormCasting::kWeight);
  EXPECT_NEAR(llama[0].item<double>(), 0.848528137423857, 1e-14);
  EXPECT_NEAR(llama[1].item<double>(), 11.31370849898476, 1e-13);
  const at::Tensor one_plus = ops::rms_norm(x, weight, 0.0, RmsNormCasting::kOnePlusWeight);
  EXPECT_NEAR(one_plus[0].item<double>(), 2 * 0.848528137423857, 1e-14);
  EXPECT_NEAR(one_plus[1].item<double>(), 11 * 1.131370849898476, 1e-13);
}

TEST(RmsNorm, EpsKeepsARowOfZerosFinite) {
  const at::Tensor y = ops::rms_norm(at::zeros({2, 7}), at::ones({7}), kEps, RmsNormCasting::kWeight);
  EXPECT_TRUE(xlt::testing::same_bits(y, at::zeros({2, 7})));
}

TEST(RmsNorm, RoundsBeforeTheWeightAndAfterOnePlusTheWeight) {
  const at::Tensor x = at::tensor({1.0f, 2.0f, 3.0f}).to(at::kBFloat16);
  const at::Tensor weight = at::tensor({1.5f, 1.5f, 1.5f}).to(at::kBFloat16);
  // normed: 0.46291, 0.92582, 1.38873; bfloat16: 0.462891, 0.925781, 1.390625; × 1.5, rounded:
  // 0.695312, 1.390625, 2.09375
  const at::Tensor llama = ops::rms_norm(x, weight, 0.0, RmsNormCasting::kWeight);
  EXPECT_TRUE(llama.to(at::kFloat).equal(at::tensor({0.6953125f, 1.390625f, 2.09375f})));
  // float32 × 2.5 = 1.157275, 2.314550, 3.471825 → 1.15625, 2.3125, 3.46875
  const at::Tensor one_plus = ops::rms_norm(x, weight, 0.0, RmsNormCasting::kOnePlusWeight);
  EXPECT_TRUE(one_plus.to(at::kFloat).equal(at::tensor({1.15625f, 2.3125f, 3.46875f})));
}

TEST(RmsNorm, RefusesAWeightOfAnotherSizeOrType) {
  EXPECT_THROW(ops::rms_norm(at::ones({2, 3}), at::ones({4}), kEps, RmsNormCasting::kWeight), Error);
  EXPECT_THROW(ops::rms_norm(at::ones({2, 3}), at::ones({3}, at::kBFloat16), kEps, RmsNormCasting::kWeight),
               Error);
}

TEST(RmsNorm, NamesADeviceWithoutAKernel) {
  const at::Tensor x = at::empty({2, 3}, at::device(at::kMeta)),
                   weight = at::empty({3}, at::device(at::kMeta));
  try {
    ops::rms_norm(x, weight, kEps, RmsNormCasting::kWeight);
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_EQ(error.message(), "no rms_norm_forward for meta; expected cpu or cuda");
  }
}

TEST(RmsNorm, MatchesFiniteDifferencesInDouble) {
  const std::vector<at::Tensor> inputs = {normal({3, 5}, 1), normal({5}, 2)};
  xlt::testing::expect_gradients_by_finite_differences(op_with(RmsNormCasting::kWeight), inputs);
  xlt::testing::expect_gradients_by_finite_differences(op_with(RmsNormCasting::kOnePlusWeight), inputs);
}

TEST(RmsNorm, WorksOutOnlyTheGradientsAskedFor) {
  const at::Tensor x = normal({4, 6}, 3, at::kFloat),
                   weight = normal({6}, 4, at::kFloat).requires_grad_(true);
  ops::rms_norm(x, weight, kEps, RmsNormCasting::kOnePlusWeight).sum().backward();
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(weight.grad().defined());
}

TEST(RmsNorm, ARowDoesNotDependOnTheOthers) {
  const at::Tensor x = normal({300, 123}, 5, at::kFloat), weight = normal({123}, 6, at::kFloat);
  const at::Tensor all = ops::rms_norm(x, weight, kEps, RmsNormCasting::kWeight);
  for (const int64_t row : {0, 17, 299}) {
    const at::Tensor alone = ops::rms_norm(x.narrow(0, row, 1), weight, kEps, RmsNormCasting::kWeight);
    EXPECT_TRUE(xlt::testing::same_bits(alone, all.narrow(0, row, 1))) << "row " << row;
  }
}

// {x + residual, its norm} as one tensor, so that the testing functions see both.
Function sum_and_norm(RmsNormCasting casting) {
  return [casting](const std::vector<at::Tensor>& at) {
    const auto [sum, y] = ops::add_rms_norm(at[0], at[1], at[2], kEps, casting);
    return at::stack({sum, y});
  };
}
Function sum_then_norm(RmsNormCasting casting) {
  return [casting](const std::vector<at::Tensor>& at) {
    const at::Tensor sum = at[0] + at[1];
    return at::stack({sum, reference::rms_norm(sum, at[2], kEps, casting)});
  };
}

TEST(AddRmsNorm, MatchesFiniteDifferencesInDouble) {
  const std::vector<at::Tensor> inputs = {normal({3, 5}, 1), normal({3, 5}, 2), normal({5}, 3)};
  for (const auto casting : {RmsNormCasting::kWeight, RmsNormCasting::kOnePlusWeight})
    xlt::testing::expect_gradients_by_finite_differences(sum_and_norm(casting), inputs);
}

TEST(AddRmsNorm, GivesTheBitsOfTheTwoOneAfterTheOther) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf}) {
    const at::Tensor x = normal({37, 129}, 1, dtype), residual = normal({129, 37}, 2, dtype).t(),
                     weight = normal({129}, 3, dtype);
    const auto [sum, y] = ops::add_rms_norm(x, residual, weight, kEps, RmsNormCasting::kWeight);
    EXPECT_TRUE(xlt::testing::same_bits(sum, x + residual)) << dtype;
    EXPECT_TRUE(xlt::testing::same_bits(y, ops::rms_norm(sum, weight, kEps, RmsNormCasting::kWeight)))
        << dtype;
  }
}

TEST(AddRmsNorm, EitherResultMayGoUnused) {
  for (const bool uses_sum : {false, true}) {
    const at::Tensor x = normal({4, 6}, 1).requires_grad_(true), residual = normal({4, 6}, 2),
                     weight = normal({6}, 3).requires_grad_(true);
    const auto [sum, y] = ops::add_rms_norm(x, residual, weight, kEps, RmsNormCasting::kWeight);
    (uses_sum ? sum : y).sum().backward();
    const at::Tensor gradient = x.grad().clone();
    EXPECT_EQ(weight.grad().defined(), !uses_sum);
    x.mutable_grad().reset();
    const at::Tensor total = x + residual;
    (uses_sum ? total : reference::rms_norm(total, weight, kEps, RmsNormCasting::kWeight)).sum().backward();
    EXPECT_TRUE(at::allclose(gradient, x.grad(), 1e-12, 1e-12));
  }
}

TEST(AddRmsNorm, RefusesAResidualOfAnotherShapeOrType) {
  const at::Tensor x = at::ones({2, 3}), weight = at::ones({3});
  EXPECT_THROW(ops::add_rms_norm(x, at::ones({3}), weight, kEps, RmsNormCasting::kWeight), Error);
  EXPECT_THROW(ops::add_rms_norm(x, at::ones({2, 3}, at::kDouble), weight, kEps, RmsNormCasting::kWeight),
               Error);
}

using Sizes = std::vector<int64_t>;

class RmsNormOn : public ::testing::TestWithParam<std::tuple<Target, Sizes, RmsNormCasting>> {};

TEST_P(RmsNormOn, IsAsExactAsTheReference) {
  const auto& [target, sizes, casting] = GetParam();
  XLT_SKIP_WITHOUT_DEVICE(target);
  const at::Device device(target.device);
  const at::Tensor x = normal(sizes, 7, target.dtype).to(device);
  const at::Tensor weight = normal({sizes.back()}, 8, target.dtype).to(device);
  xlt::testing::expect_rule_of_two(op_with(casting), reference_with(casting), {x, weight});
}

TEST_P(RmsNormOn, IsAsExactAsTheReferenceAfterAResidual) {
  const auto& [target, sizes, casting] = GetParam();
  XLT_SKIP_WITHOUT_DEVICE(target);
  const at::Device device(target.device);
  const std::vector<at::Tensor> inputs = {normal(sizes, 7, target.dtype).to(device),
                                          normal(sizes, 8, target.dtype).to(device),
                                          normal({sizes.back()}, 9, target.dtype).to(device)};
  xlt::testing::expect_rule_of_two(sum_and_norm(casting), sum_then_norm(casting), inputs);
}

TEST_P(RmsNormOn, TakesStridedInput) {
  const auto& [target, sizes, casting] = GetParam();
  XLT_SKIP_WITHOUT_DEVICE(target);
  Sizes doubled = sizes;
  doubled.back() *= 2;
  const at::Tensor wide = normal(doubled, 9, target.dtype).to(at::Device(target.device));
  const at::Tensor x = wide.slice(-1, 0, doubled.back(), 2);
  const at::Tensor weight =
      normal({doubled.back()}, 10, target.dtype).to(wide.device()).slice(0, 0, doubled.back(), 2);
  const at::Tensor dense = ops::rms_norm(x.contiguous(), weight.contiguous(), kEps, casting);
  EXPECT_TRUE(ops::rms_norm(x, weight, kEps, casting).equal(dense));
}

std::string name_of_case(const ::testing::TestParamInfo<RmsNormOn::ParamType>& info) {
  const auto& [target, sizes, casting] = info.param;
  std::string name = xlt::testing::name_of(target);
  for (const int64_t size : sizes) name += "_" + std::to_string(size);
  return name + (casting == RmsNormCasting::kOnePlusWeight ? "_one_plus_weight" : "_weight");
}

INSTANTIATE_TEST_SUITE_P(
    EveryBackend, RmsNormOn,
    ::testing::Combine(::testing::ValuesIn(xlt::testing::cpu_and_cuda_targets()),
                       ::testing::Values(Sizes{0, 8}, Sizes{4, 1}, Sizes{5, 123}, Sizes{2, 3, 640},
                                         Sizes{130, 67},
                                         // on a GPU: held in registers, or too wide to be
                                         Sizes{2, 6000}, Sizes{2, 12008}, Sizes{1, 17001}),
                       ::testing::Values(RmsNormCasting::kWeight, RmsNormCasting::kOnePlusWeight)),
    name_of_case);

}  // namespace
}  // namespace xlt::ops
