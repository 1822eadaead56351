// SPDX-License-Identifier: Apache-2.0
// Literals: three steps of torch.optim (2.11) on a 2 × 2 parameter with the gradients below.
#include "train/optimizer.h"

#include "train/train_testing.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/max.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "xlt/checkpoint/safetensors.h"

namespace xlt {
namespace {

at::Tensor matrix(std::vector<float> values) {
  return at::tensor(at::ArrayRef<float>(values)).view({2, 2}).clone();
}

const std::vector<std::vector<float>> kGradients = {
    {0.1f, -0.2f, 0.3f, 0.0f}, {0.4f, 0.5f, -0.6f, 0.01f}, {0.2f, 0.2f, 0.1f, -0.3f}};

at::Tensor start() { return matrix({1.0f, -2.0f, 0.5f, 3.0f}).set_requires_grad(true); }

void expect_values(const at::Tensor& tensor, const std::vector<double>& expected) {
  const at::Tensor flat = tensor.detach().to(at::kFloat).reshape({-1});
  ASSERT_EQ(flat.numel(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < flat.numel(); ++i) EXPECT_NEAR(flat[i].item<double>(), expected[i], 2e-6) << i;
}

void run_steps(Optimizer& optimizer, at::Tensor& parameter, double learning_rate, size_t begin = 0) {
  for (size_t i = begin; i < kGradients.size(); ++i) {
    parameter.mutable_grad() = matrix(kGradients[i]).to(parameter.scalar_type());
    optimizer.step(learning_rate);
  }
}

TEST(AdamW, EqualsTorch) {
  at::Tensor parameter = start();
  Optimizer optimizer("adamw", {{"p", parameter}}, 0.01);
  run_steps(optimizer, parameter, 0.1);
  expect_values(parameter, {0.719459593, -1.992677689, 0.453841090, 2.978600740});
  expect_values(optimizer.state()[0].second, {0.064100005, 0.048799999, -0.019700000, -0.029100001});
  EXPECT_EQ(optimizer.state()[1].first, "p.exp_avg_sq");
}

TEST(RmsProp, EqualsTorch) {
  at::Tensor parameter = start();
  Optimizer optimizer("rmsprop", {{"p", parameter}}, 0.05);
  run_steps(optimizer, parameter, 0.01);
  expect_values(parameter, {0.759443045, -2.000271320, 0.468844265, 2.887491226});
  expect_values(optimizer.state()[0].second, {0.002758217, 0.002607897, 0.004520263, 0.000709915});
}

TEST(Sgd, EqualsTorch) {
  at::Tensor parameter = start();
  Optimizer optimizer("sgd", {{"p", parameter}}, 0.5);
  run_steps(optimizer, parameter, 0.1);
  expect_values(parameter, {0.790350020, -1.764200091, 0.448612511, 2.601174831});
}

// A rule without moments has nothing to keep, and is resumed all the same.
TEST(Sgd, IsResumedFromAFileWithoutTensors) {
  const fs::path file = fresh_folder("sgd") / "optimizer.safetensors";
  at::Tensor straight = start(), stopped = start();
  Optimizer whole("sgd", {{"p", straight}}, 0.5), first("sgd", {{"p", stopped}}, 0.5);
  run_steps(whole, straight, 0.1);
  stopped.mutable_grad() = matrix(kGradients[0]);
  first.step(0.1);
  save_safetensors(file, first.state());
  Optimizer second("sgd", {{"p", stopped}}, 0.5);
  second.load_state(file.string(), 1);
  run_steps(second, stopped, 0.1, 1);
  EXPECT_TRUE(stopped.equal(straight));
}

TEST(UpdateRules, WholeTensorsAndRangesAgree) {
  for (const auto& entry : optimizers()) {
    const auto rule = entry.make();
    at::Tensor a = random_tensor({3, 7}, Rng(1)), b = a.clone();
    const size_t num_moments = rule->moment_names().size();
    std::vector<at::Tensor> moments_a(num_moments, at::Tensor()), moments_b = moments_a;
    for (size_t i = 0; i < num_moments; ++i)
      moments_a[i] = at::zeros({3, 7}), moments_b[i] = at::zeros({3, 7});
    for (int64_t step = 1; step <= 4; ++step) {
      const at::Tensor gradient = random_tensor({3, 7}, Rng(10 + step));
      const UpdateOptions options{0.01, 0.1, step};
      std::vector<float*> pointers;
      for (at::Tensor& moment : moments_a) pointers.push_back(moment.mutable_data_ptr<float>());
      rule->update(a.mutable_data_ptr<float>(), gradient.const_data_ptr<float>(), pointers, 0, 10, options);
      rule->update(a.mutable_data_ptr<float>(), gradient.const_data_ptr<float>(), pointers, 10, 21, options);
      rule->update(b, gradient, moments_b, options);
    }
    EXPECT_LT((a - b).abs().max().item<double>(), 1e-6) << entry.name;
  }
}

TEST(Optimizer, DecaysMatricesButNotVectors) {
  at::Tensor matrix_parameter = start(),
             vector = at::tensor(at::ArrayRef<float>({2.0f, 4.0f})).set_requires_grad(true);
  Optimizer optimizer("adamw", {{"m", matrix_parameter}, {"v", vector}}, 0.5);
  matrix_parameter.mutable_grad() = at::zeros({2, 2});
  vector.mutable_grad() = at::zeros({2});
  optimizer.step(0.1);
  expect_values(matrix_parameter, {0.95, -1.9, 0.475, 2.85});  // θ·(1 − 0.1 · 0.5)
  expect_values(vector, {2.0, 4.0});
}

TEST(Optimizer, KeepsAFloat32CopyOfNarrowWeights) {
  at::Tensor parameter = matrix({256, 256, 256, 256}).to(at::kBFloat16).set_requires_grad(true);
  Optimizer optimizer("rmsprop", {{"p", parameter}}, 0);
  // bfloat16 holds every second integer here, so steps of 0.1…1 would be lost one by one.
  for (int i = 0; i < 20; ++i) {
    parameter.mutable_grad() = matrix({1, 1, 1, 1}).to(at::kBFloat16);
    optimizer.step(0.1);
  }
  EXPECT_EQ(optimizer.state().back().first, "p.master");
  EXPECT_LT(parameter[0][0].item<double>(), 252);
  EXPECT_NEAR(parameter[0][0].item<double>(), optimizer.state().back().second[0][0].item<double>(), 1.0);
}

TEST(Optimizer, GoesOnFromItsStoredState) {
  const fs::path file = fresh_folder("optimizer") / "optimizer.safetensors";
  at::Tensor straight = start(), stopped = start();
  Optimizer whole("adamw", {{"p", straight}}, 0.01), first("adamw", {{"p", stopped}}, 0.01);
  run_steps(whole, straight, 0.1);
  stopped.mutable_grad() = matrix(kGradients[0]);
  first.step(0.1);
  save_safetensors(file, first.state());

  at::Tensor resumed = stopped.detach().clone().set_requires_grad(true);
  Optimizer second("adamw", {{"p", resumed}}, 0.01);
  second.load_state(file, 1);
  run_steps(second, resumed, 0.1, 1);
  EXPECT_TRUE(resumed.equal(straight));
}

// Norm √(3² + 4² + 12²) = 13; the factor is 6.5 / (13 + 1e-6).
TEST(ClipGradNorm, ScalesAllGradientsByOneFactor) {
  at::Tensor a = at::zeros({2}).set_requires_grad(true), b = at::zeros({1}).set_requires_grad(true);
  a.mutable_grad() = at::tensor(at::ArrayRef<float>({3.0f, 4.0f}));
  b.mutable_grad() = at::tensor(at::ArrayRef<float>({12.0f}));
  EXPECT_NEAR(clip_grad_norm({{"a", a}, {"b", b}}, 6.5), 13, 1e-5);
  expect_values(a.grad(), {1.5, 2});
  expect_values(b.grad(), {6});
  EXPECT_NEAR(clip_grad_norm({{"a", a}, {"b", b}}, 0), 6.5, 1e-5);  // 0: measured, not clipped
  expect_values(a.grad(), {1.5, 2});
  EXPECT_NEAR(clip_grad_norm({{"a", a}, {"b", b}}, 100), 6.5, 1e-5);
  expect_values(b.grad(), {6});
}

}  // namespace
}  // namespace xlt
