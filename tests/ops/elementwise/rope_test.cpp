// SPDX-License-Identifier: Apache-2.0
// rope: a rotation by hand, against the reference, and its inverse.
#include "xlt/ops/elementwise/rope.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <cmath>
#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using xlt::testing::normal;

RopeAngles some_angles(int64_t count, int64_t half, uint64_t seed) {
  const at::Tensor positions = (normal({count}, seed).abs() * 100).to(at::kLong);
  return rope_angles(positions, at::exp(at::arange(half, at::kFloat) * -0.37));
}

TEST(RopeAngles, ArePositionTimesInverseFrequencyInFloat32) {
  const RopeAngles angles = rope_angles(at::tensor({0, 3}, at::kLong), at::tensor({1.0f, 0.25f}));
  EXPECT_EQ(angles.cos.sizes(), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(angles.cos[0][1].item<float>(), 1.0f);
  EXPECT_FLOAT_EQ(angles.cos[1][0].item<float>(), std::cos(3.0f));
  EXPECT_FLOAT_EQ(angles.sin[1][1].item<float>(), std::sin(0.75f));
  EXPECT_EQ(angles.sin.scalar_type(), at::kFloat);
}

TEST(Rope, RotatesTheTwoHalvesOfAHeadAgainstEachOther) {
  // A quarter turn takes (x1, x2) to (−x2, x1); the second frequency stands still.
  const RopeAngles angles = {at::tensor({0.0f, 1.0f}).view({1, 2}), at::tensor({1.0f, 0.0f}).view({1, 2})};
  const at::Tensor y = rope(at::tensor({1.0f, 2.0f, 3.0f, 4.0f}).view({1, 1, 4}), angles);
  EXPECT_TRUE(y.view(-1).equal(at::tensor({-3.0f, 2.0f, 1.0f, 4.0f})));
}

TEST(Rope, InterleavedRotatesNeighboursAgainstEachOther) {
  const RopeAngles angles = {at::tensor({0.0f, 1.0f}).view({1, 2}), at::tensor({1.0f, 0.0f}).view({1, 2})};
  const at::Tensor y =
      rope(at::tensor({1.0f, 2.0f, 3.0f, 4.0f}).view({1, 1, 4}), angles, RopeLayout::kInterleaved);
  EXPECT_TRUE(y.view(-1).equal(at::tensor({-2.0f, 1.0f, 3.0f, 4.0f})));
}

TEST(Rope, MatchesFiniteDifferencesInDouble) {
  const RopeAngles angles = some_angles(3, 2, 1);
  for (const RopeLayout layout : {RopeLayout::kHalf, RopeLayout::kInterleaved})
    xlt::testing::expect_gradients_by_finite_differences(
        [&](const std::vector<at::Tensor>& at) { return rope(at[0], angles, layout); },
        {normal({3, 2, 4}, 2)});
}

TEST(Rope, ReadsHeadsThatLieInsideAWiderTensor) {
  const RopeAngles angles = some_angles(7, 3, 3);
  const at::Tensor fused = normal({7, 30}, 4, at::kFloat);
  const at::Tensor x = fused.narrow(1, 12, 18).view({7, 3, 6});
  const at::Tensor transposed = normal({7, 6, 3}, 5, at::kFloat).transpose(1, 2);
  for (const RopeLayout layout : {RopeLayout::kHalf, RopeLayout::kInterleaved}) {
    EXPECT_TRUE(rope(x, angles, layout).equal(rope(x.contiguous(), angles, layout)));
    EXPECT_TRUE(rope(transposed, angles, layout).equal(rope(transposed.contiguous(), angles, layout)));
  }
}

TEST(Rope, RefusesAnglesOfAnotherLength) {
  EXPECT_THROW(rope(at::ones({3, 2, 4}), some_angles(2, 2, 6)), Error);
  EXPECT_THROW(rope(at::ones({3, 2, 4}), some_angles(3, 4, 6)), Error);
}

class RopeOn : public ::testing::TestWithParam<std::tuple<at::ScalarType, std::vector<int64_t>, RopeLayout>> {
};

TEST_P(RopeOn, IsAsExactAsTheReference) {
  const at::ScalarType dtype = std::get<0>(GetParam());
  const std::vector<int64_t> sizes = std::get<1>(GetParam());
  const RopeLayout layout = std::get<2>(GetParam());
  const RopeAngles angles = some_angles(sizes[0], sizes[2] / 2, 7);
  xlt::testing::expect_rule_of_two(
      [&](const std::vector<at::Tensor>& at) { return rope(at[0], angles, layout); },
      [&](const std::vector<at::Tensor>& at) { return reference::rope(at[0], angles, layout); },
      {normal(sizes, 8, dtype)});
}

INSTANTIATE_TEST_SUITE_P(
    EveryType, RopeOn,
    ::testing::Combine(::testing::Values(at::kFloat, at::kDouble, at::kBFloat16, at::kHalf),
                       ::testing::Values(std::vector<int64_t>{0, 4, 8}, std::vector<int64_t>{1, 1, 2},
                                         std::vector<int64_t>{5, 3, 46}, std::vector<int64_t>{70, 4, 256}),
                       ::testing::Values(RopeLayout::kHalf, RopeLayout::kInterleaved)));

}  // namespace
}  // namespace xlt::ops
