// SPDX-License-Identifier: Apache-2.0
// Weights in GGUF's blocks: every op that takes one gives the bits that it gives by the values.
#include "xlt/ops/matmul/gguf.h"

#include "gguf_blocks_testing.h"
#include "ops/matmul/cpu_matmul.h"
#include "ops/op_testing.h"

#include <cstring>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/head/sample.h"
#include "xlt/ops/head/token_kl.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {
namespace {

using xlt::testing::normal;
using xlt::testing::same_bits;

at::Tensor random_weight(const GgufType& type, int64_t out, int64_t blocks, uint64_t seed) {
  const std::string bytes = random_blocks(type, out * blocks, seed);
  at::Tensor weight = at::empty({out, blocks, type.bytes}, at::kByte);
  std::memcpy(weight.mutable_data_ptr(), bytes.data(), bytes.size());
  return weight;
}

class GgufWeight : public ::testing::TestWithParam<GgufType> {
 protected:
  void SetUp() override {
    if (!multiplies_gguf(at::kFloat)) GTEST_SKIP() << "this CPU has no AVX2";
  }
  // 32 or 2,304 values are one block, or some that kernels take 1,024 or 2,048 at a time.
  int64_t long_row() const { return 2304 / GetParam().elements; }
  // Those that weights in blocks are multiplied in here.
  static std::vector<at::ScalarType> dtypes() {
    std::vector<at::ScalarType> all;
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf})
      if (multiplies_gguf(dtype)) all.push_back(dtype);
    return all;
  }
};

TEST_P(GgufWeight, ASizeOfBlockIsOneTypes) {
  const at::Tensor weight = random_weight(GetParam(), 3, 2, 1);
  EXPECT_TRUE(is_gguf(weight));
  EXPECT_EQ(columns_of(weight), 2 * GetParam().elements);
  EXPECT_THROW(columns_of(at::empty({3, 2, 19}, at::kByte)), Error);
  EXPECT_FALSE(is_gguf(at::empty({3, 2})));
}

TEST_P(GgufWeight, ValuesAreThoseOfItsBlocks) {
  const GgufType& type = GetParam();
  const at::Tensor weight = random_weight(type, 5, 3, 1), values = values_of(weight, at::kFloat);
  std::vector<float> row(static_cast<size_t>(3 * type.elements));
  dequantize_blocks(type, reinterpret_cast<const std::byte*>(weight[4].const_data_ptr()), 3, row.data());
  EXPECT_TRUE(same_bits(values[4], at::tensor(row)));
  EXPECT_GT(values.abs().max().item<float>(), 0);
  EXPECT_TRUE(same_bits(values_of(weight, at::kBFloat16), values.to(at::kBFloat16)));
  // Rows that are looked up.
  const at::Tensor some = at::tensor(std::vector<int64_t>{4, 0, 4});
  EXPECT_TRUE(same_bits(values_of(weight.index_select(0, some), at::kFloat), values.index_select(0, some)));
}

TEST_P(GgufWeight, ProductsAreThoseOfTheValues) {
  const at::NoGradGuard no_grad;
  struct Shape {
    int64_t rows, out, blocks;
  };
  // Short rows; a small weight, which every thread reads; a large one; more rows than are packed at once.
  const int64_t blocks = long_row();
  for (const auto [rows, out, in_blocks] :
       {Shape{1, 67, 1}, Shape{5, 300, 3}, Shape{1, 50, blocks}, Shape{1, 205, blocks},
        Shape{60, 205, blocks}, Shape{600, 131, blocks}})
    for (const at::ScalarType dtype : dtypes()) {
      const at::Tensor weight = random_weight(GetParam(), out, in_blocks, 2),
                       values = values_of(weight, dtype);
      const at::Tensor x = normal({rows, values.size(1)}, 3, dtype), bias = normal({out}, 4, dtype);
      EXPECT_TRUE(same_bits(ops::linear(x, weight), ops::linear(x, values)))
          << rows << " " << out << " " << dtype;
      EXPECT_TRUE(same_bits(ops::linear(x, weight, bias), ops::linear(x, values, bias)))
          << rows << " " << out << dtype;
    }
}

TEST_P(GgufWeight, ARowDependsNeitherOnTheOthersNorOnThreads) {
  const at::NoGradGuard no_grad;
  for (const at::ScalarType dtype : dtypes()) {
    const at::Tensor weight = random_weight(GetParam(), 205, long_row(), 2);
    const at::Tensor x = normal({130, columns_of(weight)}, 3, dtype), all = ops::linear(x, weight);
    EXPECT_TRUE(same_bits(ops::linear(x.narrow(0, 77, 1), weight), all.narrow(0, 77, 1))) << dtype;
    const int threads = at::get_num_threads();
    at::set_num_threads(threads == 1 ? 2 : 1);
    EXPECT_TRUE(same_bits(ops::linear(x, weight), all)) << dtype;
    at::set_num_threads(threads);
  }
}

TEST_P(GgufWeight, AnAdapterOnItAndGradientsThroughItAreThoseOfTheValues) {
  for (const at::ScalarType dtype : dtypes()) {
    if (dtype == at::kHalf) continue;
    const at::Tensor weight = random_weight(GetParam(), 40, long_row(), 2), values = values_of(weight, dtype);
    const int64_t in = values.size(1);
    const at::Tensor a = normal({4, in}, 5, at::kFloat), b = normal({40, 4}, 6, at::kFloat);
    const auto run = [&](const at::Tensor& by, bool wants_gradient) {
      at::Tensor x = normal({7, in}, 3, dtype).requires_grad_(wants_gradient);
      const at::Tensor y = lora_linear(x, by, a, b, 0.5) + ops::linear(x, by);
      if (!wants_gradient) return y;
      y.sum().backward();
      return x.grad();
    };
    for (const bool wants_gradient : {false, true})
      EXPECT_TRUE(same_bits(run(weight, wants_gradient), run(values, wants_gradient)))
          << dtype << " " << wants_gradient;
  }
}

TEST_P(GgufWeight, AHeadOfItIsThatOfTheValues) {
  for (const at::ScalarType dtype : dtypes()) {
    if (dtype == at::kHalf) continue;
    const int64_t vocabulary = 700;
    const at::Tensor weight = random_weight(GetParam(), vocabulary, 512 / GetParam().elements, 2);
    const at::Tensor values = values_of(weight, dtype), targets = at::arange(9) * 77;
    const HeadOptions options{.logit_scale = 0.5, .softcap = 30};
    const auto run = [&](const at::Tensor& by, bool wants_gradient) {
      at::Tensor hidden = normal({9, 512}, 3, dtype).requires_grad_(wants_gradient);
      const at::Tensor logps = token_logps(hidden, by, targets, options);
      if (!wants_gradient) return logps;
      logps.sum().backward();
      return hidden.grad();
    };
    for (const bool wants_gradient : {false, true})
      EXPECT_TRUE(same_bits(run(weight, wants_gradient), run(values, wants_gradient))) << wants_gradient;
    const at::Tensor hidden = normal({2, 512}, 4, dtype), other = normal({2, 512}, 5, dtype);
    const at::Tensor logits = head_logits(hidden, weight, options);
    EXPECT_TRUE(same_bits(logits, head_logits(hidden, values, options)));
    EXPECT_TRUE(
        same_bits(token_kl({hidden, weight}, {other, weight}), token_kl({hidden, values}, {other, values})));
    const std::vector<int64_t> rows = {0, 1, 1};
    const std::vector<double> uniforms = {0.3, 0.6, 0.9};
    at::Tensor room = at::empty_like(logits);
    EXPECT_EQ(sample_head(hidden, weight, options, rows, uniforms, {}, room),
              sample_head(hidden, values, options, rows, uniforms, {}, room));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, GgufWeight, ::testing::ValuesIn(types_in_blocks()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(GgufWeights, WhatIsMultipliedIsSaid) {
  EXPECT_FALSE(multiplies_gguf(at::kDouble));
  if (!multiplies_gguf(at::kFloat)) GTEST_SKIP() << "this CPU has no AVX2";
  const at::Tensor weight = at::zeros({2, 1, 34}, at::kByte);
  EXPECT_THROW(ops::linear(at::zeros({1, 32}, at::kDouble), weight), Error);
  EXPECT_THROW(ops::linear(at::zeros({1, 64}), weight), Error);
  EXPECT_TRUE(same_bits(ops::linear(at::zeros({0, 32}), weight), at::zeros({0, 2})));
}

}  // namespace
}  // namespace xlt::ops
