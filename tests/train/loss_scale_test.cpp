// SPDX-License-Identifier: Apache-2.0
// The course of the factor.
#include "train/loss_scale.h"

#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

TEST(LossScale, HalvesAtAnOverflowAndDoublesAfter2000StepsWithoutOne) {
  LossScaleState state;
  LossScale scale(state, true);
  EXPECT_FALSE(scale.accepts(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(state.factor, 32768);
  for (int i = 0; i < 1999; ++i) EXPECT_TRUE(scale.accepts(1));
  EXPECT_EQ(state.factor, 32768);
  EXPECT_TRUE(scale.accepts(1));
  EXPECT_EQ(state.factor, 65536);
  EXPECT_FALSE(scale.accepts(std::nan("")));
  EXPECT_EQ(state.steps_in_a_row, 0);
}

TEST(LossScale, WhereItCannotShrinkTheStepIsAtFault) {
  LossScaleState state{.factor = 1};
  EXPECT_TRUE(LossScale(state, true).accepts(std::nan("")));
}

TEST(LossScale, GradientsComeOutAsWithoutIt) {
  LossScaleState state;
  for (const bool is_on : {true, false}) {
    const LossScale scale(state, is_on);
    const at::Tensor x = at::ones({3}).set_requires_grad(true);
    const at::Tensor loss = (x * 1e-3).sum();
    EXPECT_EQ(scale.scaled(loss).item<double>(), loss.item<float>() * (is_on ? 65536.0 : 1.0));
    scale.scaled(loss).backward();
    scale.unscale({{"x", x}});
    EXPECT_TRUE(x.grad().equal(at::full({3}, 1e-3f)));
  }
}

}  // namespace
}  // namespace xlt
