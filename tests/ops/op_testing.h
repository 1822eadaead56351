// SPDX-License-Identifier: Apache-2.0
// What the tests of ops share: errors against float64, the rule of two, gradients by finite differences.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt::testing {

// Numbers from a normal distribution, the same for the same seed; drawn in float64 and rounded to `dtype`.
at::Tensor normal(at::IntArrayRef sizes, uint64_t seed, at::ScalarType dtype = at::kDouble);

// max |a − b| over max(1, |b|), in float64; 0 for empty tensors.
double error_against(const at::Tensor& a, const at::Tensor& b);

// True where every bit is the same.
bool same_bits(const at::Tensor& a, const at::Tensor& b);

// The smallest ε with 1 + ε ≠ 1 in `dtype`: what a rounding at the very end may cost whoever does it.
double epsilon_of(at::ScalarType dtype);

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// Results of a function at inputs: its value, and the gradient of Σ value·direction for each input.
struct Derivatives {
  at::Tensor value;
  std::vector<at::Tensor> gradients;
};
Derivatives differentiate(const Function& function, const std::vector<at::Tensor>& inputs,
                          const at::Tensor& direction);

// Expects `op`'s error at `inputs` (of one dtype) to be at most twice that of `naive` in the same dtype
// (three times for gradients), both against `naive` in float64, plus one rounding.
void expect_rule_of_two(const Function& op, const Function& naive, const std::vector<at::Tensor>& inputs);

// Expects analytic gradients of Σ value·direction to match central differences. Inputs are float64.
void expect_gradients_by_finite_differences(const Function& function, const std::vector<at::Tensor>& inputs);

// A device and a dtype an op is tested on.
struct Target {
  std::string device;
  at::ScalarType dtype;
};
std::ostream& operator<<(std::ostream& stream, const Target& target);
// "cpu_Float"; gtest wants [A-Za-z0-9_].
std::string name_of(const Target& target);
std::vector<Target> cpu_and_cuda_targets();

}  // namespace xlt::testing

// Skips, visibly, the CUDA cases of a parametrised test where there is no GPU.
#define XLT_SKIP_WITHOUT_DEVICE(target)                                                       \
  if ((target).device == "cuda") {                                                            \
    if (const std::string why = ::xlt::ops::why_no_cuda(); !why.empty()) GTEST_SKIP() << why; \
  }
