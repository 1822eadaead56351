// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/elementwise/dropout.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {
namespace {

TEST(Dropout, KeepsTheRightShareAndScalesIt) {
  constexpr int64_t kCount = 1 << 20;
  for (const double p : {0.1, 0.5, 0.9}) {
    const at::Tensor y = dropout(at::ones({kCount}), {p, 42});
    const double kept = static_cast<double>((y != 0).sum().item<int64_t>()) / kCount;
    EXPECT_NEAR(kept, 1 - p, 5 * std::sqrt(p * (1 - p) / kCount));
    EXPECT_FLOAT_EQ(y.max().item<float>(), static_cast<float>(1 / (1 - p)));
  }
}

// Neighbours, elements a power of two apart, and masks of neighbouring keys are uncorrelated.
TEST(Dropout, MasksAreIndependent) {
  constexpr int64_t kCount = 1 << 18;
  const auto mask = [](uint64_t key) {
    return (dropout(at::ones({kCount}), {0.5, key}) != 0).to(at::kDouble) - 0.5;
  };
  const auto correlation = [](const at::Tensor& a, const at::Tensor& b) {
    return 4 * (a * b).mean().item<double>();
  };
  const at::Tensor first = mask(7);
  const double bound = 5 / std::sqrt(static_cast<double>(kCount));
  for (const int64_t shift : {1, 2, 64, 640, 1024, 2048})
    EXPECT_LT(
        std::abs(correlation(first.narrow(0, shift, kCount - shift), first.narrow(0, 0, kCount - shift))),
        bound)
        << "shift " << shift;
  for (const uint64_t key : {6ull, 8ull, 7ull + (1ull << 32), ~7ull})
    EXPECT_LT(std::abs(correlation(first, mask(key))), bound) << "key " << key;
}

TEST(Dropout, MasksOfRowsAreIndependent) {
  constexpr int64_t kRows = 1 << 11, kColumns = 128;
  const at::Tensor mask = (dropout(at::ones({kRows, kColumns}), {0.5, 7}) != 0).to(at::kDouble) - 0.5;
  const double bound = 5 / std::sqrt(static_cast<double>(kRows * kColumns));
  for (const int64_t shift : {1, 2, 64, 1024}) {
    const at::Tensor a = mask.narrow(0, 0, kRows - shift), b = mask.narrow(0, shift, kRows - shift);
    for (const int64_t turn : {0, 1, 64})
      EXPECT_LT(std::abs(4 * (a * b.roll(turn, 1)).mean().item<double>()), bound)
          << "rows " << shift << " apart, turned by " << turn;
  }
  // And no row or column is kept more than others.
  for (const int64_t dim : {0, 1})
    EXPECT_LT(mask.mean(dim).abs().max().item<double>(), 0.5 * 6 / std::sqrt(static_cast<double>(kColumns)));
}

TEST(Dropout, ARowsMaskGoesByItsNameNotByItsPlace) {
  const at::Tensor x = at::ones({4, 70}),
                   names = at::tensor(std::vector<int64_t>{7, -3, int64_t{1} << 40, 7});
  const at::Tensor y = dropout(x, {0.5, 5, names});
  EXPECT_TRUE(at::equal(y[0], y[3]));
  EXPECT_FALSE(at::equal(y[0], y[1]));
  const at::Tensor order = at::tensor({2, 0, 1}, at::kLong);
  EXPECT_TRUE(at::equal(dropout(at::ones({3, 70}), {0.5, 5, names.index_select(0, order)}),
                        y.index_select(0, order)));
  EXPECT_TRUE(at::equal(dropout(x, {0.5, 5, at::arange(4, at::kLong)}), dropout(x, {0.5, 5})));
  EXPECT_THROW(dropout(x, {0.5, 5, at::arange(3, at::kLong)}), Error);
  EXPECT_THROW(dropout(x, {0.5, 5, at::arange(4, at::kInt)}), Error);
}

TEST(Dropout, GradientPassesTheMaskOfNamedRows) {
  const at::Tensor x = at::randn({3, 5}).set_requires_grad(true), names = at::tensor({9, 4, 1}, at::kLong);
  dropout(x, {0.4, 9, names}).sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), dropout(at::ones({3, 5}), {0.4, 9, names})));
}

TEST(Dropout, IsAFunctionOfKeyAndPlaceOnly) {
  const at::Tensor x = at::randn({300, 333});
  const int threads = at::get_num_threads();
  const at::Tensor y = dropout(x, {0.3, 5});
  at::set_num_threads(1);
  EXPECT_TRUE(at::equal(y, dropout(x, {0.3, 5})));
  at::set_num_threads(threads);
  EXPECT_FALSE(at::equal(y, dropout(x, {0.3, 6})));
  EXPECT_TRUE(at::equal(y != 0, dropout(x.to(at::kBFloat16), {0.3, 5}) != 0));
  EXPECT_TRUE(at::equal(y, dropout(x.t().contiguous().t(), {0.3, 5})));
}

TEST(Dropout, IsAddedInOnePass) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    const at::Tensor x = at::randn({37, 41}).to(type), before = at::randn({37, 41}).to(type);
    at::Tensor y = before.clone();
    add_dropout(y, x, {0.3, 5});
    const at::Tensor expected = before + dropout(x, {0.3, 5}), is_dropped = dropout(x, {0.3, 5}) == 0;
    EXPECT_TRUE(at::equal(y.masked_select(is_dropped), before.masked_select(is_dropped))) << type;
    const double tolerance = type == at::kBFloat16 ? 1e-2 : 1e-6;
    EXPECT_TRUE(at::allclose(y, expected, tolerance, tolerance)) << type;
    at::Tensor whole = before.clone();
    add_dropout(whole, x, {0, 5});
    EXPECT_TRUE(at::equal(whole, before + x)) << type;
  }
  at::Tensor apart = at::ones({4, 3}).t();
  EXPECT_THROW(add_dropout(apart, at::ones({3, 4}), {0.3, 5}), Error);
  at::Tensor short_one = at::ones({3});
  EXPECT_THROW(add_dropout(short_one, at::ones({4}), {0.3, 5}), Error);
}

TEST(Dropout, GradientPassesTheSameMask) {
  const at::Tensor x = at::randn({17, 5}).set_requires_grad(true);
  const at::Tensor y = dropout(x, {0.4, 9});
  y.sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), dropout(at::ones({17, 5}), {0.4, 9})));
}

TEST(Dropout, NoneReturnsTheInputAndAllIsRefused) {
  const at::Tensor x = at::ones({3});
  EXPECT_TRUE(dropout(x, {0, 1}).is_same(x));
  EXPECT_THROW(dropout(x, {1, 1}), Error);
  EXPECT_THROW(dropout(x, {-0.1, 1}), Error);
  EXPECT_EQ(dropout(at::ones({0, 4}), {0.5, 1}).numel(), 0);
}

TEST(Dropout, InsideLoraAndItsUpdateEqualsTheParts) {
  const auto leaf = [](at::IntArrayRef shape) {
    return at::randn(shape, at::kDouble).set_requires_grad(true);
  };
  at::Tensor x = leaf({6, 8}), a = leaf({3, 8}), b = leaf({5, 3});
  const at::Tensor weight = at::randn({5, 8}, at::kDouble), slope = at::randn({6, 5}, at::kDouble);
  const Dropout drop{0.5, 77, at::tensor({3, 1, 4, 15, 9, 2}, at::kLong)};
  const std::vector<at::Tensor> leaves = {x, a, b};
  for (const bool in_one : {true, false}) {
    const at::Tensor mine = in_one ? lora_linear(x, weight, a, b, 0.7, drop)
                                   : at::linear(x, weight) + lora_update(x, a, b, 0.7, drop);
    const at::Tensor parts = at::linear(x, weight) + 0.7 * at::linear(at::linear(dropout(x, drop), a), b);
    EXPECT_TRUE(at::allclose(mine, parts, 1e-12, 1e-12));
    (mine * slope).sum().backward();
    std::vector<at::Tensor> gradients;
    for (at::Tensor leaf_tensor : leaves) {
      gradients.push_back(leaf_tensor.grad().clone());
      leaf_tensor.mutable_grad().reset();
    }
    (parts * slope).sum().backward();
    for (size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_TRUE(at::allclose(gradients[i], leaves[i].grad(), 1e-12, 1e-12)) << i;
      leaves[i].mutable_grad().reset();
    }
  }
}

// The same in the types that models are trained in, against float64.
TEST(Dropout, InsideLoraIsAsExactAsTheType) {
  const Dropout drop{0.3, 77};
  for (const auto& [type, tolerance] : {std::pair{at::kFloat, 1e-5}, std::pair{at::kBFloat16, 3e-2}}) {
    const std::vector<at::Tensor> values = {at::randn({70, 96}), at::randn({24, 96}) / 10,
                                            at::randn({80, 24}) / 10};
    const at::Tensor weight = (at::randn({80, 96}) / 10).to(type), slope = at::randn({70, 80}).to(type);
    const auto gradients = [&, type = type](at::ScalarType in, auto&& function) {
      std::vector<at::Tensor> leaves;
      for (const at::Tensor& value : values)
        leaves.push_back(value.to(type).to(in).clone().set_requires_grad(true));
      (function(leaves, weight.to(in)) * slope.to(in)).sum().backward();
      std::vector<at::Tensor> found;
      for (const at::Tensor& leaf : leaves) found.push_back(leaf.grad().to(at::kDouble));
      return found;
    };
    const auto mine = gradients(type, [&](const auto& of, const at::Tensor& w) {
      return lora_linear(of[0], w, of[1], of[2], 0.7, drop);
    });
    const auto exact = gradients(at::kDouble, [&](const auto& of, const at::Tensor& w) {
      return at::linear(of[0], w) + 0.7 * at::linear(at::linear(dropout(of[0], drop), of[1]), of[2]);
    });
    for (size_t i = 0; i < mine.size(); ++i)
      EXPECT_LE((mine[i] - exact[i]).abs().max().item<double>(),
                tolerance * exact[i].abs().max().item<double>())
          << type << ", input " << i;
  }
}

}  // namespace
}  // namespace xlt::ops
