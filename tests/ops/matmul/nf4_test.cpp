// SPDX-License-Identifier: Apache-2.0
// nf4: bitsandbytes' own bytes, rounding to the nearest level, products and gradients.
#include "xlt/ops/matmul/nf4.h"

#include "ops/matmul/nf4_kernels.h"
#include "ops/op_testing.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {
namespace {

using xlt::testing::error_against;
using xlt::testing::normal;
using xlt::testing::same_bits;

TEST(Nf4, EveryLevelComesBackExactly) {
  const Nf4Levels levels;
  at::Tensor weight = at::zeros({4, 16});
  for (int64_t i = 0; i < 64; ++i) weight.view(-1)[i] = levels.level[i % 16] * 2.5f;
  const Nf4Weight quantized = nf4_quantize(weight);
  EXPECT_EQ(quantized.codes[0].item<int>(), 0x01);
  EXPECT_EQ(quantized.codes[7].item<int>(), 0xEF);
  EXPECT_EQ(quantized.absmax.item<float>(), 2.5f);
  EXPECT_TRUE(same_bits(nf4_dequantize(quantized, at::kFloat), weight));
}

TEST(Nf4, EachWeightGoesToTheNearestLevelOfItsBlock) {
  const Nf4Levels levels;
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf}) {
    // 7 · 33 = 231 weights: three blocks and a shorter one, an odd number.
    const at::Tensor weight = normal({7, 33}, 1, dtype), wide = weight.to(at::kFloat).reshape(-1);
    const Nf4Weight quantized = nf4_quantize(weight);
    ASSERT_EQ(quantized.absmax.size(0), 4);
    ASSERT_EQ(quantized.codes.size(0), 116);
    const at::Tensor dense = nf4_dequantize(quantized, at::kFloat).reshape(-1);
    for (int64_t i = 0; i < wide.numel(); ++i) {
      const int64_t first = i / kNf4Block * kNf4Block, count = std::min(kNf4Block, wide.numel() - first);
      const float absmax = wide.narrow(0, first, count).abs().max().item<float>();
      EXPECT_EQ(quantized.absmax[i / kNf4Block].item<float>(), absmax);
      float nearest = 2;
      for (const float level : levels.level)
        if (std::abs(level - wide[i].item<float>() / absmax) <
            std::abs(nearest - wide[i].item<float>() / absmax))
          nearest = level;
      EXPECT_FLOAT_EQ(dense[i].item<float>(), nearest * absmax) << i;
    }
  }
}

TEST(Nf4, ABlockOfZerosStaysZero) {
  const Nf4Weight quantized = nf4_quantize(at::zeros({2, 64}));
  EXPECT_TRUE(nf4_dequantize(quantized, at::kFloat).equal(at::zeros({2, 64})));
  EXPECT_EQ(nf4_quantize(at::zeros({0, 64})).codes.numel(), 0);
}

// `count` elements of a file that another program wrote.
template <typename T>
at::Tensor read_raw(const std::string& file, int64_t count, at::ScalarType type) {
  at::Tensor values = at::empty({count}, type);
  std::ifstream stream(file, std::ios::binary);
  stream.read(static_cast<char*>(values.mutable_data_ptr()), count * static_cast<int64_t>(sizeof(T)));
  EXPECT_EQ(stream.gcount(), count * static_cast<int64_t>(sizeof(T))) << file;
  EXPECT_EQ(stream.peek(), std::ifstream::traits_type::eof()) << file;
  return values;
}

TEST(Nf4, BytesAreThoseOfAnOracle) {
  const char* folder = std::getenv("XLT_NF4_ORACLE");
  if (folder == nullptr) GTEST_SKIP() << "run by tests/parity/nf4_parity.py, with bitsandbytes' bytes";
  const std::string path = std::string(folder) + "/";
  int64_t out = 0, in = 0;
  std::ifstream(path + "shape.txt") >> out >> in;
  ASSERT_GT(out * in, 0);
  const at::Tensor weight = read_raw<float>(path + "weight.bin", out * in, at::kFloat).view({out, in});
  const Nf4Weight quantized = nf4_quantize(weight);
  EXPECT_TRUE(
      same_bits(quantized.codes, read_raw<uint8_t>(path + "codes.bin", (out * in + 1) / 2, at::kByte)));
  EXPECT_TRUE(
      same_bits(quantized.absmax, read_raw<float>(path + "absmax.bin", (out * in + 63) / 64, at::kFloat)));
  const int64_t blocks = quantized.absmax.numel();
  const Nf4Scales scales = nf4_quantize_double(weight).scales;
  EXPECT_TRUE(same_bits(scales.codes, read_raw<uint8_t>(path + "scales.bin", blocks, at::kByte)));
  EXPECT_TRUE(same_bits(scales.absmax,
                        read_raw<float>(path + "scales_absmax.bin", (blocks + 255) / 256, at::kFloat)));
  std::string offset;
  std::ifstream(path + "offset.txt") >> offset;
  EXPECT_EQ(scales.offset, static_cast<float>(std::strtod(offset.c_str(), nullptr)));
}

class Nf4Linear : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(Nf4Linear, IsTheProductByTheDequantisedWeight) {
  const at::ScalarType dtype = GetParam();
  for (const auto& [rows, out, in] : {std::tuple<int64_t, int64_t, int64_t>{1, 96, 640},
                                      {3, 33, 35},
                                      {16, 130, 128},
                                      {40, 70, 192},
                                      {300, 300, 640},
                                      {0, 5, 64}}) {
    const Nf4Weight weight = nf4_quantize(normal({out, in}, 2, at::kFloat) / 20);
    const at::Tensor exact_weight = nf4_dequantize(weight, at::kDouble);
    const at::Tensor x = normal({rows, in}, 3, dtype).requires_grad_(true),
                     direction = normal({rows, out}, 4, dtype);
    const at::Tensor y = nf4_linear(x, weight);
    EXPECT_EQ(y.scalar_type(), dtype);
    // Where a device dequantises first, each weight is rounded to x's type as well.
    const double bound = dtype == at::kFloat ? 2e-6 : 2 * xlt::testing::epsilon_of(dtype);
    EXPECT_LE(error_against(y, at::linear(x.detach().to(at::kDouble), exact_weight)), bound);
    (y * direction).sum().backward();
    EXPECT_LE(error_against(x.grad(), at::matmul(direction.to(at::kDouble), exact_weight)), bound);
  }
}
INSTANTIATE_TEST_SUITE_P(Types, Nf4Linear, ::testing::Values(at::kFloat, at::kBFloat16, at::kHalf));

TEST(Nf4, RefusesWhatDoesNotFit) {
  EXPECT_THROW(nf4_quantize(at::zeros({64})), Error);
  EXPECT_THROW(nf4_linear(at::zeros({2, 3}), nf4_quantize(at::zeros({2, 64}))), Error);
}

}  // namespace
}  // namespace xlt::ops
