// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/segment_attention.h"

#include "ops/reference.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

using ops::AttentionOptions;
using ops::AttentionPlan;

// A random forest: each segment's parent is an earlier segment of its own tree.
std::shared_ptr<AttentionPlan> random_plan(Rng& rng, int64_t num_segments) {
  auto plan = std::make_shared<AttentionPlan>();
  int64_t begin = 0, tree = 0;
  for (int64_t s = 0; s < num_segments; ++s) {
    const int64_t length = 1 + rng.below(7);
    std::vector<ops::Span> spans;
    if (s > 0 && rng.uniform() < 0.75) {
      spans = plan->segments[tree + rng.below(s - tree)].spans;
    } else {
      tree = s;
      plan->tree_begins.push_back(s);
    }
    spans.push_back({begin, length});
    plan->segments.push_back({begin, length, spans});
    begin += length;
  }
  return plan;
}

int64_t num_queries(const AttentionPlan& plan) {
  return plan.segments.back().query_begin + plan.segments.back().query_length;
}

struct Case {
  int64_t heads, key_heads, head_dim, window;
  double softcap;
};

class SegmentAttention : public testing::TestWithParam<Case> {};

TEST_P(SegmentAttention, KernelAndGradientsEqualTheDenseReferenceInDouble) {
  const Case c = GetParam();
  Rng rng(11);
  for (int round = 0; round < 4; ++round) {
    const auto plan = random_plan(rng, 9);
    const int64_t n = num_queries(*plan);
    const AttentionOptions options{0.3, c.window, c.softcap};
    std::vector<at::Tensor> narrow, wide;
    for (int64_t heads : {c.heads, c.key_heads, c.key_heads}) {
      narrow.push_back(at::randn({n, heads, c.head_dim}).set_requires_grad(true));
      wide.push_back(narrow.back().detach().to(at::kDouble).set_requires_grad(true));
    }
    const at::Tensor out = ops::segment_attention(narrow[0], narrow[1], narrow[2], plan, options);
    const at::Tensor expected = reference::segment_attention(wide[0], wide[1], wide[2], *plan, options);
    EXPECT_LT((out - expected).abs().max().item<double>(), 2e-6);
    const at::Tensor weights = at::randn_like(expected);
    (out * weights.to(at::kFloat)).sum().backward();
    (expected * weights).sum().backward();
    for (int i = 0; i < 3; ++i)
      EXPECT_LT((narrow[i].grad() - wide[i].grad()).abs().max().item<double>(), 2e-5) << "input " << i;
  }
}

TEST_P(SegmentAttention, ASegmentIsTheSameBitsAloneAndInABatch) {
  const Case c = GetParam();
  const at::NoGradGuard no_grad;
  Rng rng(5);
  const auto plan = random_plan(rng, 12);
  const int64_t n = num_queries(*plan);
  const AttentionOptions options{0.3, c.window, c.softcap};
  const at::Tensor q = at::randn({n, c.heads, c.head_dim}), k = at::randn({n, c.key_heads, c.head_dim}),
                   v = at::randn({n, c.key_heads, c.head_dim});
  const at::Tensor together = ops::segment_attention(q, k, v, plan, options);
  for (const auto& segment : plan->segments) {
    auto alone = std::make_shared<AttentionPlan>();
    alone->segments.push_back(segment);
    alone->segments[0].query_begin = 0;
    alone->tree_begins = {0};
    const at::Tensor own = ops::segment_attention(
        q.narrow(0, segment.query_begin, segment.query_length).contiguous(), k, v, alone, options);
    EXPECT_TRUE(at::equal(own, together.narrow(0, segment.query_begin, segment.query_length)));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SegmentAttention,
                         testing::Values(Case{4, 4, 8, 0, 0}, Case{4, 1, 16, 3, 0}, Case{6, 2, 5, 0, 2.0},
                                         Case{2, 1, 64, 2, 1.5}));

TEST(SegmentAttentionChecks, RefusesAPlanThatLeavesQueriesOutOrLeavesTheKeys) {
  const at::Tensor x = at::randn({3, 1, 4});
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments.push_back({0, 2, {{0, 2}}});
  EXPECT_THROW(ops::segment_attention(x, x, x, plan, {}), Error);
  plan->segments.push_back({2, 1, {{0, 2}, {5, 1}}});
  EXPECT_THROW(ops::segment_attention(x, x, x, plan, {}), Error);
}

}  // namespace
}  // namespace xlt
