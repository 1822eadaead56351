// SPDX-License-Identifier: Apache-2.0
// Fused projections: the same as separate ones whose matrices they hold; turning a part of a head, or none.
#include "xlt/nn/fused_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/nn/gated_mlp.h"
#include "xlt/nn/mlp.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kFusedHidden = 12, kFusedHeads = 4, kFusedDim = 6;

struct FusedFixture {
  explicit FusedFixture(int64_t key_heads) {
    separate.q_proj = Linear(q = at::randn({kFusedHeads * kFusedDim, kFusedHidden}) / 3);
    separate.k_proj = Linear(k = at::randn({key_heads * kFusedDim, kFusedHidden}) / 3);
    separate.v_proj = Linear(v = at::randn({key_heads * kFusedDim, kFusedHidden}) / 3);
    separate.o_proj = Linear(o = at::randn({kFusedHidden, kFusedHeads * kFusedDim}) / 3);
    fused.out = Linear(o);
    separate.num_attention_heads = fused.num_attention_heads = kFusedHeads;
    separate.num_key_value_heads = fused.num_key_value_heads = key_heads;
    separate.head_dim = fused.head_dim = kFusedDim;
    separate.options.scale = fused.options.scale = 0.4;
    batch.add(Ids(7, 1));
    pass.plan = batch.attention_plan();
  }
  void expect_equal(const ops::RopeAngles& angles) const {
    EXPECT_TRUE(fused.forward(x, pass, angles, 0).allclose(separate.forward(x, pass, angles, 0), 1e-5, 1e-5));
  }
  at::Tensor q, k, v, o, x = at::randn({7, kFusedHidden});
  Attention separate;
  FusedAttention fused;
  TokenBatch batch;
  ForwardPass pass;
};

ops::RopeAngles angles_of(const TokenBatch& batch, const at::Tensor& frequencies) {
  return ops::rope_angles(at::tensor(at::ArrayRef<int64_t>(batch.position_ids()), at::kLong), frequencies);
}

TEST(FusedAttention, InBlocksEqualsSeparateProjections) {
  FusedFixture f(2);
  f.fused.qkv = Linear(at::cat({f.q, f.k, f.v}));
  f.expect_equal(angles_of(f.batch, at::tensor({1.0f, 0.3f, 0.1f})));
}

TEST(FusedAttention, ByHeadEqualsSeparateProjections) {
  FusedFixture f(kFusedHeads);
  const at::Tensor rows = at::stack(
      {f.q.view({kFusedHeads, kFusedDim, kFusedHidden}), f.k.view({kFusedHeads, kFusedDim, kFusedHidden}),
       f.v.view({kFusedHeads, kFusedDim, kFusedHidden})},
      1);
  f.fused.qkv = Linear(rows.reshape({-1, kFusedHidden}));
  f.fused.layout = QkvLayout::kByHead;
  f.expect_equal({});
}

TEST(Turned, OnlyTheElementsThatHaveAngles) {
  TokenBatch batch;
  batch.add(Ids(5, 1));
  const at::Tensor heads = at::randn({5, 2, kFusedDim});
  const ops::RopeAngles angles = angles_of(batch, at::tensor({1.0f, 0.3f}));
  const at::Tensor y = turned(heads, angles, ops::RopeLayout::kHalf);
  EXPECT_TRUE(y.narrow(2, 4, 2).equal(heads.narrow(2, 4, 2)));
  EXPECT_TRUE(y.narrow(2, 0, 4).equal(ops::rope(heads.narrow(2, 0, 4).contiguous(), angles)));
  EXPECT_TRUE(turned(heads, {}, ops::RopeLayout::kHalf).equal(heads));
}

TEST(Attention, ANormAsWideAsAllHeadsIsOverAllOfThem) {
  FusedFixture f(2);
  const at::Tensor weight = at::randn({kFusedHeads * kFusedDim});
  f.separate.q_norm = RmsNorm{weight, 1e-6};
  const at::Tensor y = f.separate.forward(f.x, f.pass, {}, 0);
  const at::Tensor q = at::linear(f.x, f.q), factor = at::rsqrt(q.pow(2).mean(-1, true) + 1e-6);
  const Heads heads = f.separate.project(f.x, f.pass);
  const at::Tensor mixed = attend({(q * factor * weight).view({7, kFusedHeads, kFusedDim}), heads.k, heads.v},
                                  f.pass, f.separate.options, 0);
  EXPECT_TRUE(y.allclose(at::linear(mixed, f.o), 1e-4, 1e-4));
}

TEST(FusedGatedMlp, EqualsSeparateProjections) {
  const at::Tensor gate = at::randn({10, kFusedHidden}), up = at::randn({10, kFusedHidden}),
                   down = at::randn({kFusedHidden, 10}), x = at::randn({5, kFusedHidden});
  const FusedGatedMlp fused{Linear(at::cat({gate, up})), Linear(down)};
  const GatedMlp separate{Linear(gate), Linear(up), Linear(down)};
  EXPECT_TRUE(fused.forward(x, {}).allclose(separate.forward(x, {}), 1e-5, 1e-5));
}

TEST(Mlp, IsTheActivationBetweenTwoProducts) {
  const at::Tensor up = at::randn({10, kFusedHidden}), bias = at::randn({10}),
                   down = at::randn({kFusedHidden, 10}), x = at::randn({5, kFusedHidden});
  const Mlp mlp{Linear(up, bias), Linear(down)};
  EXPECT_TRUE(mlp.forward(x, {}).allclose(at::linear(at::gelu(at::linear(x, up, bias)), down), 1e-4, 1e-4));
}

}  // namespace
}  // namespace xlt
