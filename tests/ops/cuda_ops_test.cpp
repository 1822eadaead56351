// SPDX-License-Identifier: Apache-2.0
// Every op on a GPU gives what it gives on the CPU; skipped where there is none. What the kernels are held
// against elsewhere: tests/cuda_emulation.
#include "ops/op_testing.h"

#include <memory>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/ops/attention/segment_attention.h"
#include "xlt/ops/cuda.h"
#include "xlt/ops/elementwise/dropout.h"
#include "xlt/ops/elementwise/gated_activation.h"
#include "xlt/ops/elementwise/rope.h"
#include "xlt/ops/head/sample.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/matmul/nf4.h"
#include "xlt/ops/norm/layer_norm.h"

namespace xlt::ops {
namespace {

using xlt::testing::error_against;
using xlt::testing::Function;
using xlt::testing::normal;

class OnCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_cuda(); !why.empty()) GTEST_SKIP() << why;
  }
  // Values and gradients in float32, and values in bfloat16 and float16.
  static void expect_as_on_cpu(const Function& op, const std::vector<at::Tensor>& inputs) {
    const at::Tensor direction = normal(op(inputs).sizes(), 77, at::kFloat);
    const auto here = xlt::testing::differentiate(op, inputs, direction);
    const auto there = xlt::testing::differentiate(op, moved(inputs, at::kFloat), direction.to(at::kCUDA));
    EXPECT_LE(error_against(there.value, here.value), 1e-5);
    for (size_t i = 0; i < inputs.size(); ++i)
      EXPECT_LE(error_against(there.gradients[i], here.gradients[i]), 1e-4) << "gradient " << i;
    for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
      std::vector<at::Tensor> narrow;
      for (const at::Tensor& input : inputs) narrow.push_back(input.to(type));
      EXPECT_LE(error_against(op(moved(inputs, type)), op(narrow)), 2 * xlt::testing::epsilon_of(type));
    }
  }
  static std::vector<at::Tensor> moved(const std::vector<at::Tensor>& inputs, at::ScalarType type) {
    std::vector<at::Tensor> there;
    for (const at::Tensor& input : inputs) there.push_back(input.to(at::kCUDA, type));
    return there;
  }
  static at::Tensor on(const at::Tensor& x, const at::Tensor& like) { return x.to(like.device()); }
};

TEST_F(OnCuda, Rope) {
  const RopeAngles angles =
      rope_angles(at::arange(70, at::kLong), at::exp(at::arange(64, at::kFloat) * -0.1));
  for (const RopeLayout layout : {RopeLayout::kHalf, RopeLayout::kInterleaved})
    expect_as_on_cpu(
        [&](const std::vector<at::Tensor>& x) {
          return rope(x[0], {on(angles.cos, x[0]), on(angles.sin, x[0])}, layout);
        },
        {normal({70, 4, 128}, 1, at::kFloat)});
}

TEST_F(OnCuda, LayerNorm) {
  expect_as_on_cpu(
      [](const std::vector<at::Tensor>& x) { return layer_norm(x[0], x[1], x[2], 1e-5); },
      {normal({70, 640}, 1, at::kFloat), normal({640}, 2, at::kFloat), normal({640}, 3, at::kFloat)});
}

TEST_F(OnCuda, GatedActivation) {
  for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh})
    expect_as_on_cpu(
        [&](const std::vector<at::Tensor>& x) { return gated_activation(x[0], x[1], activation); },
        {normal({33, 700}, 1, at::kFloat) * 3, normal({33, 700}, 2, at::kFloat)});
}

TEST_F(OnCuda, DropoutKeepsTheSameElements) {
  const at::Tensor x = normal({300, 333}, 1, at::kFloat);
  EXPECT_TRUE(dropout(x.to(at::kCUDA), {0.3, 5}).cpu().equal(dropout(x, {0.3, 5})));
  at::Tensor here = at::ones_like(x), there = here.to(at::kCUDA);
  add_dropout(here, x, {0.3, 5});
  add_dropout(there, x.to(at::kCUDA), {0.3, 5});
  EXPECT_TRUE(at::allclose(there.cpu(), here, 1e-6, 1e-6));
}

TEST_F(OnCuda, SegmentAttention) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 70, {{0, 70}}},
                    {70, 90, {{0, 70}, {70, 90}}},
                    {160, 33, {{0, 70}, {160, 33}}},
                    {193, 130, {{193, 130}}}};
  plan->tree_begins = {0, 3};
  for (const int64_t window : {0, 40})
    expect_as_on_cpu(
        [&](const std::vector<at::Tensor>& x) {
          return segment_attention(x[0], x[1], x[2], plan, {0.2, window, 3.0});
        },
        {normal({323, 4, 256}, 1, at::kFloat), normal({323, 2, 256}, 2, at::kFloat),
         normal({323, 2, 256}, 3, at::kFloat)});
}

TEST_F(OnCuda, TokenLogps) {
  const at::Tensor targets = at::arange(50, at::kLong) * 613;
  expect_as_on_cpu(
      [&](const std::vector<at::Tensor>& x) {
        return token_logps(x[0], x[1], on(targets, x[0]), {0.5, 8.0}).to(x[0].scalar_type());
      },
      {normal({50, 64}, 1, at::kFloat), normal({31000, 64}, 2, at::kFloat)});
}

TEST_F(OnCuda, Sample) {
  const at::Tensor logits = normal({64, 50000}, 1, at::kFloat) * 3;
  std::vector<double> uniforms;
  for (int i = 0; i < 64; ++i) uniforms.push_back((i + 0.5) / 64);
  for (const auto& options : std::vector<SampleOptions>{{0.9, 0.8, 0}, {1.0, 1.0, 40}, {.greedy = true}}) {
    // A draw on the very edge between two tokens may fall to either.
    const auto here = sample(logits, uniforms, options),
               there = sample(logits.to(at::kCUDA), uniforms, options);
    int64_t same = 0;
    for (size_t i = 0; i < here.size(); ++i) same += here[i] == there[i];
    EXPECT_GE(same, 63);
  }
}

TEST_F(OnCuda, Nf4) {
  const at::Tensor weight = normal({130, 640}, 1, at::kFloat) / 20;
  const Nf4Weight here = nf4_quantize(weight), there = nf4_quantize(weight.to(at::kCUDA));
  EXPECT_TRUE(there.codes.cpu().equal(here.codes) && there.absmax.cpu().equal(here.absmax));
  for (const int64_t rows : {3, 70})
    expect_as_on_cpu(
        [&](const std::vector<at::Tensor>& x) { return nf4_linear(x[0], x[0].is_cuda() ? there : here); },
        {normal({rows, 640}, 2, at::kFloat)});
}

}  // namespace
}  // namespace xlt::ops
