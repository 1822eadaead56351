// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/gated_mlp.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/nn/lora_adapter.h"

namespace xlt {
namespace {

struct GatedFixture {
  at::Tensor gate = at::randn({12, 8}), up = at::randn({12, 8}), down = at::randn({8, 12}),
             x = at::randn({5, 8});
  GatedMlp mlp{Linear(gate), Linear(up), Linear(down)};
};

TEST(GatedMlp, IsTheProductOfGateAndUpProjectedDown) {
  GatedFixture f;
  const at::Tensor g = at::linear(f.x, f.gate), u = at::linear(f.x, f.up);
  EXPECT_TRUE(f.mlp.forward(f.x, {}).allclose(at::linear(at::silu(g) * u, f.down), 1e-4, 1e-4));
  f.mlp.activation = ops::Activation::kGeluTanh;
  EXPECT_TRUE(f.mlp.forward(f.x, {}).allclose(at::linear(at::gelu(g, "tanh") * u, f.down), 1e-4, 1e-4));
}

TEST(GatedMlp, GivesAllThreeProjectionsTheirMasks) {
  GatedFixture f;
  const DropoutKeys keys{3, at::arange(5, at::kLong)};
  for (Linear* layer : {&f.mlp.gate_proj, &f.mlp.up_proj, &f.mlp.down_proj}) {
    const at::Tensor before = f.mlp.forward(f.x, keys);
    auto adapter = std::make_unique<LoraAdapter>(at::randn({2, layer->in_features()}),
                                                 at::randn({layer->out_features(), 2}), 1.0);
    adapter->dropout = 0.5;
    layer->attach(std::move(adapter));
    EXPECT_FALSE(f.mlp.forward(f.x, keys).allclose(f.mlp.forward(f.x, {}), 1e-3, 1e-3));
    layer->detach_adapter();
    EXPECT_TRUE(f.mlp.forward(f.x, keys).equal(before));
  }
}

}  // namespace
}  // namespace xlt
