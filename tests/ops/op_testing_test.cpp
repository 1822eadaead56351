// SPDX-License-Identifier: Apache-2.0
// Definitions of op_testing.h, and a test that the rule of two can fail.
#include "ops/op_testing.h"

#include <cstring>
#include <limits>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace xlt::testing {

at::Tensor normal(at::IntArrayRef sizes, uint64_t seed, at::ScalarType dtype) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed), at::kDouble).to(dtype);
}

double error_against(const at::Tensor& a, const at::Tensor& b) {
  if (a.numel() == 0 && b.numel() == 0) return 0;
  const at::Tensor exact = b.detach().cpu().to(at::kDouble);
  return ((a.detach().cpu().to(at::kDouble) - exact).abs() / exact.abs().clamp_min(1)).max().item<double>();
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor left = a.cpu().contiguous(), right = b.cpu().contiguous();
  if (left.sizes() != right.sizes() || left.scalar_type() != right.scalar_type()) return false;
  // What is empty has no address to compare at.
  return left.nbytes() == 0 || std::memcmp(left.const_data_ptr(), right.const_data_ptr(), left.nbytes()) == 0;
}

double epsilon_of(at::ScalarType dtype) {
  switch (dtype) {
    case at::kDouble:
      return std::numeric_limits<double>::epsilon();
    case at::kBFloat16:
      return 1.0 / 128;
    case at::kHalf:
      return 1.0 / 1024;
    default:
      return std::numeric_limits<float>::epsilon();
  }
}

Derivatives differentiate(const Function& function, const std::vector<at::Tensor>& inputs,
                          const at::Tensor& direction) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(input.detach().requires_grad_(true));
  const at::Tensor value = function(leaves);
  const at::Tensor sent = direction.defined() ? direction.to(value.options()) : at::ones_like(value);
  return {value.detach(), torch::autograd::grad({value}, leaves, {sent})};
}

void expect_rule_of_two(const Function& op, const Function& naive, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> wide;
  for (const at::Tensor& input : inputs) wide.push_back(input.to(at::kDouble));
  const at::ScalarType dtype = inputs[0].scalar_type();
  const at::Tensor direction = normal(naive(wide).sizes(), 77, dtype).to(inputs[0].device());
  const Derivatives exact = differentiate(naive, wide, direction);
  const Derivatives plain = differentiate(naive, inputs, direction);
  const Derivatives ours = differentiate(op, inputs, direction);
  // In float64 the naive version is its own reference: allow for another order of rounding.
  const double rounding = (dtype == at::kDouble ? 64 : 1) * epsilon_of(dtype);
  EXPECT_EQ(ours.value.scalar_type(), dtype);
  EXPECT_EQ(ours.value.sizes(), exact.value.sizes());
  EXPECT_LE(error_against(ours.value, exact.value), 2 * error_against(plain.value, exact.value) + rounding);
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(ours.gradients[i].scalar_type(), dtype);
    EXPECT_EQ(ours.gradients[i].sizes(), exact.gradients[i].sizes());
    EXPECT_LE(error_against(ours.gradients[i], exact.gradients[i]),
              3 * error_against(plain.gradients[i], exact.gradients[i]) + rounding)
        << "gradient " << i;
  }
}

void expect_gradients_by_finite_differences(const Function& function, const std::vector<at::Tensor>& inputs) {
  constexpr double kStep = 1e-5, kTolerance = 1e-7;
  const at::Tensor direction = normal(function(inputs).sizes(), 78);
  const Derivatives analytic = differentiate(function, inputs, direction);
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<at::Tensor> moved = inputs;
    at::Tensor difference = at::ones_like(inputs[i]);
    for (int64_t k = 0; k < inputs[i].numel(); ++k) {
      const auto objective = [&](double step) {
        moved[i] = inputs[i].clone();
        moved[i].view(-1)[k] += step;
        return (function(moved) * direction).sum().item<double>();
      };
      difference.view(-1)[k] = (objective(kStep) - objective(-kStep)) / (2 * kStep);
    }
    EXPECT_LE(error_against(analytic.gradients[i], difference), kTolerance) << "gradient " << i;
  }
}

std::ostream& operator<<(std::ostream& stream, const Target& target) { return stream << name_of(target); }

std::string name_of(const Target& target) { return target.device + "_" + toString(target.dtype); }

std::vector<Target> cpu_and_cuda_targets() {
#ifdef XLT_CUDA_EMULATION  // CUDA's kernels take the CPU's tensors
  return {{"cpu", at::kFloat}, {"cpu", at::kDouble}, {"cpu", at::kBFloat16}, {"cpu", at::kHalf}};
#endif
  return {{"cpu", at::kFloat},  {"cpu", at::kDouble},    {"cpu", at::kBFloat16}, {"cpu", at::kHalf},
          {"cuda", at::kFloat}, {"cuda", at::kBFloat16}, {"cuda", at::kHalf}};
}

namespace {

at::Tensor square(const std::vector<at::Tensor>& inputs) { return inputs[0] * inputs[0]; }

TEST(RuleOfTwo, RefusesAnOpWithLargerErrorThanTheNaiveOne) {
  const std::vector<at::Tensor> inputs = {normal({4, 5}, 1, at::kFloat)};
  const Function worse = [](const std::vector<at::Tensor>& at) { return square(at) * (1 + 1e-5); };
  expect_rule_of_two(square, square, inputs);
  ::testing::TestPartResultArray failures;
  {
    ::testing::ScopedFakeTestPartResultReporter capture(&failures);
    expect_rule_of_two(worse, square, inputs);
  }
  EXPECT_EQ(failures.size(), 2);  // the value and the gradient
}

TEST(FiniteDifferences, RefuseAWrongGradient) {
  const Function wrong = [](const std::vector<at::Tensor>& at) { return at[0].detach() * at[0]; };
  ::testing::TestPartResultArray failures;
  {
    ::testing::ScopedFakeTestPartResultReporter capture(&failures);
    expect_gradients_by_finite_differences(wrong, {normal({3}, 2)});
  }
  EXPECT_EQ(failures.size(), 1);
}

}  // namespace
}  // namespace xlt::testing
