// SPDX-License-Identifier: Apache-2.0
// DoRA by its equation, in float64 by hand; PEFT's: tests/parity/train_parity.py.
#include "xlt/nn/dora_adapter.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/nn/linear.h"

namespace xlt {
namespace {

at::Tensor leaf(const at::Tensor& values) { return values.clone().set_requires_grad(true); }

struct Case {
  at::Tensor weight = at::randn({5, 8}), x = at::randn({3, 8}), bias = at::randn({5});
  at::Tensor a = at::randn({2, 8}), b = at::randn({5, 2}), m = at::rand({5}) + 0.5;
  double scale = 0.25;
};

TEST(DoraAdapter, StartsAsTheWeightItself) {
  const Case c;
  Linear layer(c.weight, c.bias);
  layer.attach(std::make_unique<DoraAdapter>(c.a, at::zeros({5, 2}), c.scale, row_lengths(c.weight)));
  EXPECT_TRUE(layer.forward(c.x, {}).allclose(at::linear(c.x, c.weight, c.bias), 1e-5, 1e-6));
}

// The equation with its ‖V‖ held constant, differentiated by autograd.
TEST(DoraAdapter, ValuesAndGradientsAreThoseOfTheEquation) {
  const Case c;
  const at::Tensor x = leaf(c.x), a = leaf(c.a), b = leaf(c.b), m = leaf(c.m);
  const DoraAdapter adapter(a, b, c.scale, m);
  const at::Tensor y = adapter.forward(x, c.weight, c.bias, {});
  const at::Tensor slope = at::randn({3, 5});
  (y * slope).sum().backward();

  const at::Tensor x2 = leaf(c.x.to(at::kDouble)), a2 = leaf(c.a.to(at::kDouble)),
                   b2 = leaf(c.b.to(at::kDouble)), m2 = leaf(c.m.to(at::kDouble));
  const at::Tensor v = c.weight.to(at::kDouble) + c.scale * at::matmul(b2, a2);
  const at::Tensor lengths = v.detach().pow(2).sum(1).sqrt();
  const at::Tensor exact = m2 / lengths * at::linear(x2, v) + c.bias.to(at::kDouble);
  (exact * slope.to(at::kDouble)).sum().backward();
  EXPECT_TRUE(y.to(at::kDouble).allclose(exact, 1e-5, 1e-5));
  for (const auto& [mine, theirs] :
       {std::pair{x.grad(), x2.grad()}, {a.grad(), a2.grad()}, {b.grad(), b2.grad()}, {m.grad(), m2.grad()}})
    EXPECT_TRUE(mine.to(at::kDouble).allclose(theirs, 1e-4, 1e-4));
}

TEST(DoraAdapter, MergedDoesWhatTheAdapterDoes) {
  const Case c;
  const DoraAdapter adapter(c.a, c.b, c.scale, c.m);
  const at::Tensor merged = adapter.merged(c.weight);
  EXPECT_TRUE(at::linear(c.x, merged).allclose(adapter.forward(c.x, c.weight, {}, {}), 1e-4, 1e-5));
  EXPECT_TRUE(row_lengths(merged).allclose(c.m, 1e-5, 1e-6));  // which is what m is
}

TEST(DoraAdapter, DropoutIsOnWhateverMeetsTheAdaptedWeightAndNotOnTheRest) {
  const Case c;
  const DoraAdapter adapter(c.a, c.b, c.scale, c.m);
  const ops::Dropout mask{0.5, 7, {}};
  const at::Tensor dropped = ops::dropout(c.x, mask);
  const at::Tensor expected = at::linear(c.x, c.weight) - at::linear(dropped, c.weight) +
                              at::linear(dropped, adapter.merged(c.weight));
  EXPECT_TRUE(adapter.forward(c.x, c.weight, {}, mask).allclose(expected, 1e-4, 1e-4));
}

}  // namespace
}  // namespace xlt
