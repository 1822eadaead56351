// SPDX-License-Identifier: Apache-2.0
// exp_approx against the C library over its whole range.
#include "ops/vector_math.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace xlt::ops {
namespace {

// The clone for this machine's instruction set, as kernels use it.
XLT_CPU_KERNEL void exp_all(const float* x, float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] = exp_approx(x[i]);
}

float exp_one(float x) {
  float y = 0;
  exp_all(&x, &y, 1);
  return y;
}

// |y − e^x| in units of the last place of e^x as a float (of the smallest subnormal below it).
double error_in_ulp(float x, float y) {
  const double exact = std::exp(static_cast<double>(x));
  const int exponent = std::max(std::ilogb(exact), -126);
  return std::abs(y - exact) / std::ldexp(1.0, exponent - 23);
}

TEST(ExpApprox, IsWithinOneUlpWhereTheResultIsAFiniteFloat) {
  std::vector<float> x, y;
  for (double value = -103.9; value < 88.7; value += 1.1e-4) x.push_back(static_cast<float>(value));
  y.resize(x.size());
  exp_all(x.data(), y.data(), x.size());
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, error_in_ulp(x[i], y[i]));
  EXPECT_LE(worst, 1.0);
}

TEST(ExpApprox, KeepsTheEndsOfTheLine) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exp_one(0.0f), 1.0f);
  EXPECT_EQ(exp_one(-0.0f), 1.0f);
  EXPECT_EQ(exp_one(-kInfinity), 0.0f);
  EXPECT_EQ(exp_one(-1e30f), 0.0f);
  EXPECT_EQ(exp_one(-105.0f), 0.0f);
  EXPECT_EQ(exp_one(kInfinity), kInfinity);
  EXPECT_EQ(exp_one(88.8f), kInfinity);
  EXPECT_EQ(exp_one(1e30f), kInfinity);
  EXPECT_TRUE(std::isnan(exp_one(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace xlt::ops
