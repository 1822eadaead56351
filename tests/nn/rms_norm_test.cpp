// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/rms_norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  // The mean square of 3 and 4 is 12.5.
  const RmsNorm norm{at::tensor({2.0f, 0.5f}), 0.0};
  const double rms = std::sqrt(12.5);
  const at::Tensor y = norm.forward(at::tensor({3.0f, 4.0f}).view({1, 2}));
  EXPECT_NEAR(y[0][0].item<double>(), 2 * 3 / rms, 1e-6);
  EXPECT_NEAR(y[0][1].item<double>(), 0.5 * 4 / rms, 1e-6);
}

TEST(RmsNorm, GemmasWeightStandsForOneMore) {
  const at::Tensor x = at::randn({3, 2, 8}), weight = at::randn({8});
  const RmsNorm gemma{weight, 1e-6, ops::RmsNormCasting::kOnePlusWeight}, llama{weight + 1, 1e-6};
  EXPECT_TRUE(gemma.forward(x).allclose(llama.forward(x), 1e-6, 1e-6));
}

TEST(RmsNorm, AddsAResidualFirst) {
  const RmsNorm norm{at::randn({8}), 1e-6};
  const at::Tensor x = at::randn({5, 8}), residual = at::randn({5, 8});
  const auto [sum, normed] = norm.forward(x, residual);
  EXPECT_TRUE(sum.equal(x + residual));
  EXPECT_TRUE(normed.allclose(norm.forward(x + residual), 1e-6, 1e-6));
}

}  // namespace
}  // namespace xlt
