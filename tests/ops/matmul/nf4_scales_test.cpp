// SPDX-License-Identifier: Apache-2.0
// Scales in 8 bits: the levels, what comes back, what one thread and several make. bitsandbytes' own bytes:
// Nf4.BytesAreThoseOfAnOracle.
#include "xlt/ops/matmul/nf4_scales.h"

#include "ops/op_testing.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "xlt/ops/matmul/nf4.h"

namespace xlt::ops {
namespace {

using xlt::testing::same_bits;

TEST(Nf4Scales, LevelsAreEachDecadesMiddlesOfBothSignsZeroAndOne) {
  const at::Tensor levels = dynamic_levels();
  ASSERT_EQ(levels.numel(), 256);
  EXPECT_TRUE((levels.narrow(0, 1, 255) > levels.narrow(0, 0, 255)).all().item<bool>());
  EXPECT_EQ(levels[127].item<float>(), 0);
  EXPECT_EQ(levels[255].item<float>(), 1);
  // One level of 1e-6 … 1e-7: the middle of 0.1 and 1, times 1e-6.
  EXPECT_FLOAT_EQ(levels[128].item<float>(), 0.55e-6f);
  // 64 of 0.1 … 1: the last is half a step of 0.9 / 64 below 1.
  EXPECT_FLOAT_EQ(levels[254].item<float>(), 1 - 0.9f / 64 / 2);
  EXPECT_EQ(levels[0].item<float>(), -levels[254].item<float>());
}

TEST(Nf4Scales, ComeBackWithinAPartInSixtyFourOfTheFarthestOfTheirBlock) {
  const at::Tensor scales = at::rand({1000}) + 0.5;
  const Nf4Scales quantized = quantize_scales(scales);
  ASSERT_EQ(quantized.absmax.numel(), 4);
  EXPECT_NEAR(quantized.offset, scales.mean().item<float>(), 1e-6);
  const at::Tensor error = (dequantize_scales(quantized) - scales).abs();
  // Levels are at most 0.9 / 64 of the block's largest apart, and the nearest is half of that away.
  EXPECT_LE(error.max().item<float>(), 0.5f * 0.9f / 64 / 2 * 1.05f);
  EXPECT_GT(error.max().item<float>(), 0);
}

TEST(Nf4Scales, EqualScalesComeBackExactlyAndNoneAreNone) {
  EXPECT_TRUE(dequantize_scales(quantize_scales(at::full({300}, 0.25f))).equal(at::full({300}, 0.25f)));
  EXPECT_EQ(dequantize_scales(quantize_scales(at::empty({0}))).numel(), 0);
  EXPECT_FALSE(Nf4Scales{}.is_defined());
}

TEST(Nf4Scales, DoNotDependOnTheNumberOfThreads) {
  const at::Tensor scales = at::rand({200000});
  const int threads = at::get_num_threads();
  const Nf4Scales several = quantize_scales(scales);
  at::set_num_threads(1);
  const Nf4Scales one = quantize_scales(scales);
  at::set_num_threads(threads);
  EXPECT_EQ(one.offset, several.offset);
  EXPECT_TRUE(same_bits(one.codes, several.codes));
}

TEST(Nf4Scales, AWeightIsComputedWithByTheScalesThatItsCodesStandFor) {
  const at::Tensor weight = at::randn({64, 640}, at::kBFloat16) / 20;
  const Nf4Weight single = nf4_quantize(weight), doubled = nf4_quantize_double(weight);
  EXPECT_TRUE(same_bits(single.codes, doubled.codes));
  EXPECT_FALSE(single.scales.is_defined());
  EXPECT_TRUE(same_bits(doubled.absmax, dequantize_scales(doubled.scales)));
  EXPECT_EQ(doubled.source, at::kBFloat16);
  EXPECT_LT((single.absmax - doubled.absmax).abs().max().item<float>(),
            0.02f * single.absmax.max().item<float>());
}

}  // namespace
}  // namespace xlt::ops
