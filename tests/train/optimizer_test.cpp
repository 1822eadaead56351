// SPDX-License-Identifier: Apache-2.0
// Literals: three steps of torch.optim (2.11) on a 2 × 2 parameter with the gradients below.
#include "train/optimizer.h"

#include "train/train_testing.h"

#include <cmath>

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

// Two matrices and a vector, which is not decayed; the middle one has no gradient in some steps.
struct ThreeParameters {
  std::vector<TrainedTensor> parameters;
  explicit ThreeParameters(at::ScalarType type) {
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{3, 7}, {5, 4}, {9}}) {
      const std::string name = str_cat("p", parameters.size());
      parameters.push_back({name, random_tensor(shape, Rng(parameters.size())).to(type)});
      parameters.back().tensor.set_requires_grad(true);
    }
  }
  void set_gradients(int64_t step) {
    for (size_t i = 0; i < parameters.size(); ++i) {
      at::Tensor& tensor = parameters[i].tensor;
      tensor.mutable_grad() = random_tensor(tensor.sizes(), Rng(10 + 3 * step + i)).to(tensor.scalar_type());
    }
    if (step % 3 == 1) parameters[1].tensor.mutable_grad().reset();
  }
};

TEST(UpdateRules, AllParametersTogetherMoveAsEachByItself) {
  for (const auto& entry : optimizers())
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      ThreeParameters each(type), all(type);
      Optimizer one_by_one(entry.name, each.parameters, 0.1), together(entry.name, all.parameters, 0.1);
      for (int64_t step = 0; step < 10; ++step) {
        each.set_gradients(step);
        all.set_gradients(step);
        one_by_one.step(0.01);
        together.step_together(0.01);
      }
      EXPECT_EQ(together.num_steps(), 10);
      const auto expected = one_by_one.state(), found = together.state();
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_LT((expected[i].second - found[i].second).abs().max().item<double>(), 1e-6)
            << entry.name << ' ' << expected[i].first;
      for (size_t i = 0; i < 3; ++i)
        EXPECT_LT((each.parameters[i].tensor - all.parameters[i].tensor).abs().max().item<double>(),
                  type == at::kFloat ? 1e-6 : 1e-2)  // the last bit of bfloat16
            << entry.name << ' ' << i;
    }
}

// Literals as above: torch's, for three steps.
TEST(UpdateRules, TogetherEqualsTorch) {
  at::Tensor parameter = start();
  Optimizer optimizer("adamw", {{"p", parameter}}, 0.01);
  for (const std::vector<float>& gradient : kGradients) {
    parameter.mutable_grad() = matrix(gradient);
    optimizer.step_together(0.1);
  }
  expect_values(parameter, {0.719459593, -1.992677689, 0.453841090, 2.978600740});
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

// Norm √(3² + 4² + 12²) = 13; the factor is 6.5 / (13 + 1e-6). With the factor as a number, and as a tensor.
TEST(ClipGradNorm, ScalesAllGradientsByOneFactor) {
  for (const bool as_on_gpu : {false, true}) {
    at::Tensor a = at::zeros({2}).set_requires_grad(true), b = at::zeros({1}).set_requires_grad(true);
    const std::vector<TrainedTensor> parameters = {{"a", a}, {"b", b}, {"none", start()}};
    const auto norm = [&](double max_norm) {
      return clip_grad_norm(parameters, max_norm, as_on_gpu).item<double>();
    };
    EXPECT_EQ(norm(1), 0);  // no gradients
    a.mutable_grad() = at::tensor(at::ArrayRef<float>({3.0f, 4.0f}));
    b.mutable_grad() = at::tensor(at::ArrayRef<float>({12.0f}));
    EXPECT_NEAR(norm(6.5), 13, 1e-5);
    expect_values(a.grad(), {1.5, 2});
    expect_values(b.grad(), {6});
    EXPECT_NEAR(norm(0), 6.5, 1e-5);  // 0: measured, not clipped
    expect_values(a.grad(), {1.5, 2});
    const at::Tensor before = a.grad().clone();
    EXPECT_NEAR(norm(100), 6.5, 1e-5);
    EXPECT_TRUE(a.grad().equal(before));
  }
}

TEST(ClipGradNorm, TellsOfANormThatIsNotFinite) {
  for (const bool as_on_gpu : {false, true}) {
    at::Tensor a = at::zeros({2}).set_requires_grad(true);
    a.mutable_grad() = at::tensor(at::ArrayRef<float>({3.0f, std::nanf("")}));
    EXPECT_TRUE(std::isnan(clip_grad_norm({{"a", a}}, 1, as_on_gpu).item<double>()));
    a.mutable_grad() = at::tensor(at::ArrayRef<float>({3.0f, INFINITY}));
    EXPECT_TRUE(std::isinf(clip_grad_norm({{"a", a}}, 1, as_on_gpu).item<double>()));
  }
}

}  // namespace
}  // namespace xlt
