// SPDX-License-Identifier: Apache-2.0
// Attention as a layer: against ATen, in two halves as other families put it together, with a cache, with few
// rows read, both ways, and over another forest.
#include "xlt/nn/attention.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/nn/kv_cache.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kHidden = 12, kHeads = 4, kKeyHeads = 2, kDim = 6;

Attention make_layer() {
  Attention layer;
  layer.q_proj = Linear(at::randn({kHeads * kDim, kHidden}) / 3);
  layer.k_proj = Linear(at::randn({kKeyHeads * kDim, kHidden}) / 3);
  layer.v_proj = Linear(at::randn({kKeyHeads * kDim, kHidden}) / 3);
  layer.o_proj = Linear(at::randn({kHidden, kHeads * kDim}) / 3);
  layer.q_norm = RmsNorm{at::randn({kDim}), 1e-6};
  layer.k_norm = RmsNorm{at::randn({kDim}), 1e-6};
  layer.num_attention_heads = kHeads;
  layer.num_key_value_heads = kKeyHeads;
  layer.head_dim = kDim;
  layer.options.scale = 0.4;
  return layer;
}

ops::RopeAngles angles_of(const TokenBatch& batch) {
  return ops::rope_angles(at::tensor(at::ArrayRef<int64_t>(batch.position_ids()), at::kLong),
                          at::tensor({1.0f, 0.3f, 0.1f}));
}

TokenBatch text(int64_t length) {
  TokenBatch batch;
  batch.add(Ids(length, 1));
  return batch;
}

// x → heads, normed and rotated: what Attention::forward does before attend.
Heads heads_of(const Attention& layer, const at::Tensor& x, const ForwardPass& pass,
               const ops::RopeAngles& angles) {
  Heads heads = layer.project(x, pass);
  heads.q = ops::rope(layer.q_norm->forward(heads.q), angles);
  heads.k = ops::rope(layer.k_norm->forward(heads.k), angles);
  return heads;
}

TEST(Attention, EqualsAtensForACausalText) {
  const Attention layer = make_layer();
  const TokenBatch batch = text(7);
  const at::Tensor x = at::randn({7, kHidden});
  const ForwardPass pass{.plan = batch.attention_plan()};
  const ops::RopeAngles angles = angles_of(batch);
  const Heads heads = heads_of(layer, x, pass, angles);
  const auto by_head = [](const at::Tensor& t, int64_t group) {
    return t.transpose(0, 1).repeat_interleave(group, 0).unsqueeze(0);
  };
  const at::Tensor mixed =
      at::scaled_dot_product_attention(by_head(heads.q, 1), by_head(heads.k, 2), by_head(heads.v, 2), {}, 0.0,
                                       /*is_causal=*/true, layer.options.scale);
  const at::Tensor expected =
      at::linear(mixed[0].transpose(0, 1).reshape({7, -1}), layer.o_proj.dense_weight(at::kFloat));
  EXPECT_TRUE(layer.forward(x, pass, angles, 0).allclose(expected, 1e-4, 1e-4));
}

TEST(Attention, ProjectNeitherNormsNorRotates) {
  const Attention layer = make_layer();
  const at::Tensor x = at::randn({3, kHidden});
  const Heads heads = layer.project(x, {});
  EXPECT_TRUE(
      heads.q.view({3, -1}).allclose(at::linear(x, layer.q_proj.dense_weight(at::kFloat)), 1e-5, 1e-5));
  EXPECT_EQ(heads.k.sizes(), (Ids{3, kKeyHeads, kDim}));
  EXPECT_EQ(heads.v.sizes(), (Ids{3, kKeyHeads, kDim}));
}

// What a family with one fused projection and no rotation does (GPT-2, BLOOM).
TEST(Attention, AFusedProjectionGivesWhatThreeGive) {
  const Attention layer = make_layer();
  const at::Tensor x = at::randn({5, kHidden});
  const ForwardPass pass{.plan = text(5).attention_plan()};
  const Linear fused(at::cat({layer.q_proj.dense_weight(at::kFloat), layer.k_proj.dense_weight(at::kFloat),
                              layer.v_proj.dense_weight(at::kFloat)}));
  const at::Tensor qkv = fused.forward(x, {}).view({5, kHeads + 2 * kKeyHeads, kDim});
  const Heads heads{qkv.narrow(1, 0, kHeads), qkv.narrow(1, kHeads, kKeyHeads),
                    qkv.narrow(1, kHeads + kKeyHeads, kKeyHeads)};
  EXPECT_TRUE(attend(heads, pass, layer.options, 0)
                  .allclose(attend(layer.project(x, pass), pass, layer.options, 0), 1e-5, 1e-5));
}

TEST(Attention, ATokenAtATimeWithACacheEqualsTheTextAtOnce) {
  const at::NoGradGuard no_grad;
  const Attention layer = make_layer();
  const at::Tensor x = at::randn({6, kHidden});
  const TokenBatch whole = text(6);
  const at::Tensor expected = layer.forward(x, {.plan = whole.attention_plan()}, angles_of(whole), 0);
  KvCache cache(std::vector<at::TensorOptions>(1, at::kFloat), 8, kKeyHeads, kDim);
  for (int64_t t = 0; t < 6; ++t) {
    TokenBatch step;
    std::vector<ops::Span> past;
    if (t > 0) past.push_back({1, t});
    step.add_cached(Ids{1}, past, /*slot=*/1 + t);
    const ForwardPass pass{.plan = step.attention_plan(),
                           .cache = &cache,
                           .slots = at::tensor(at::ArrayRef<int64_t>(step.cache_slots()), at::kLong)};
    EXPECT_TRUE(layer.forward(x.narrow(0, t, 1), pass, angles_of(step), 0)
                    .allclose(expected.narrow(0, t, 1), 1e-5, 1e-5))
        << "token " << t;
  }
}

TEST(Attention, GivesTheRowsThatAreReadInTheLastLayerOnly) {
  const Attention layer = make_layer();
  const TokenBatch batch = text(5);
  const at::Tensor x = at::randn({5, kHidden});
  ForwardPass pass{.plan = batch.attention_plan()};
  const at::Tensor all = layer.forward(x, pass, angles_of(batch), 1);
  pass.rows = at::tensor({4, 1, 4}, at::kLong);
  pass.last_layer = 1;
  EXPECT_TRUE(layer.forward(x, pass, angles_of(batch), 0).allclose(all, 1e-6, 1e-6));
  EXPECT_TRUE(
      layer.forward(x, pass, angles_of(batch), 1).allclose(all.index_select(0, pass.rows), 1e-5, 1e-5));
  EXPECT_FALSE(pass.dropout_kept(1));
  pass.dropout = DropoutKeys{3, at::tensor({10, 11, 12, 13, 14}, at::kLong)};
  EXPECT_TRUE(pass.dropout_kept(0)->rows.equal(pass.dropout->rows));
  EXPECT_TRUE(pass.dropout_kept(1)->rows.equal(at::tensor({14, 11, 14}, at::kLong)));
}

TEST(Attention, BothWaysATextIsTheSameAloneAndInABatch) {
  const at::NoGradGuard no_grad;
  Attention layer = make_layer();
  layer.options.is_causal = false;
  const at::Tensor x = at::randn({9, kHidden});
  TokenBatch batch;
  batch.add(Ids(4, 1));
  batch.add(Ids(5, 1));
  const at::Tensor together = layer.forward(x, {.plan = batch.attention_plan()}, angles_of(batch), 0);
  const TokenBatch alone = text(5);
  const at::Tensor second = x.narrow(0, 4, 5).contiguous();
  EXPECT_TRUE(layer.forward(second, {.plan = alone.attention_plan()}, angles_of(alone), 0)
                  .equal(together.narrow(0, 4, 5)));
  // The first token sees the last one.
  at::Tensor changed = second.clone();
  changed[4] += 1;
  const at::Tensor other = layer.forward(changed, {.plan = alone.attention_plan()}, angles_of(alone), 0);
  EXPECT_FALSE(other[0].allclose(together[4], 1e-3, 1e-3));
}

TEST(CrossAttentionPlan, EveryTreeReadsItsText) {
  TokenBatch texts, answers;
  const int64_t first = texts.add(Ids{1, 2, 3});
  const int64_t second = texts.add(Ids{4, 5});
  const int64_t a = answers.add(Ids{1});
  answers.add(Ids{2, 3}, a);
  answers.add(Ids{4});
  answers.add(Ids{5});
  const auto plan = cross_attention_plan(answers, texts, Ids{first, second, second});
  ASSERT_EQ(plan->segments.size(), 4u);
  EXPECT_EQ(plan->segments[0].spans, (std::vector<ops::Span>{{0, 3}}));
  EXPECT_EQ(plan->segments[1].spans, (std::vector<ops::Span>{{0, 3}}));
  EXPECT_EQ(plan->segments[2].spans, (std::vector<ops::Span>{{3, 2}}));
  EXPECT_EQ(plan->segments[3].query_begin, 4);
  // Two trees that read one text add to the same keys' gradients: one thread's work.
  EXPECT_EQ(plan->tree_begins, (Ids{0, 2}));
  EXPECT_EQ(cross_attention_plan(answers, texts, Ids{first, second, first})->tree_begins, (Ids{0}));

  const at::Tensor q = at::randn({5, 2, 4}), k = at::randn({5, 2, 4}), v = at::randn({5, 2, 4});
  const at::Tensor out = ops::segment_attention(q, k, v, plan, {.is_causal = false});
  const at::Tensor keys = k.select(1, 1).narrow(0, 3, 2), values = v.select(1, 1).narrow(0, 3, 2);
  EXPECT_TRUE(out[4][1].allclose(at::softmax(at::mv(keys, q[4][1]), 0).matmul(values), 1e-5, 1e-5));
}

TEST(CrossAttentionPlan, ATextMayBeOfSeveralSegments) {
  TokenBatch texts, answers;
  const int64_t shared = texts.add(Ids{1, 2, 3});
  const int64_t left = texts.add(Ids{4}, shared), right = texts.add(Ids{5, 6}, shared);
  answers.add(Ids{1});
  answers.add(Ids{2});
  const auto plan = cross_attention_plan(answers, texts, Ids{left, right});
  EXPECT_EQ(plan->segments[1].spans, (std::vector<ops::Span>{{0, 3}, {4, 2}}));
  EXPECT_EQ(plan->tree_begins, (Ids{0}));
}

}  // namespace
}  // namespace xlt
