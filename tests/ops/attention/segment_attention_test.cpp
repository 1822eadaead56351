// SPDX-License-Identifier: Apache-2.0
// segment_attention: by hand, the reference by brute force, kernel against reference, bits alone and in a
// batch.
#include "xlt/ops/attention/segment_attention.h"

#include "ops/op_testing.h"
#include "ops/reference.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

using ops::AttentionOptions;
using ops::AttentionPlan;
using xlt::testing::normal;
using xlt::testing::same_bits;

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

// Two trees whose texts run over several tiles of 64 keys and blocks of 32 queries: a prefix with two
// children, one of them with a child of its own; a text alone.
std::shared_ptr<AttentionPlan> long_plan() {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 70, {{0, 70}}},
                    {70, 90, {{0, 70}, {70, 90}}},
                    {160, 33, {{0, 70}, {160, 33}}},
                    {193, 5, {{0, 70}, {160, 33}, {193, 5}}},
                    {198, 130, {{198, 130}}}};
  plan->tree_begins = {0, 4};
  return plan;
}

std::shared_ptr<AttentionPlan> one_text(int64_t length) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, length, {{0, length}}}};
  plan->tree_begins = {0};
  return plan;
}

int64_t num_queries(const AttentionPlan& plan) {
  return plan.segments.back().query_begin + plan.segments.back().query_length;
}

// Queries of three segments over the keys of two texts of another forest.
std::shared_ptr<AttentionPlan> cross_plan() {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 5, {{0, 70}, {70, 3}}}, {5, 40, {{0, 70}}}, {45, 3, {{73, 9}}}};
  plan->tree_begins = {0, 2};
  return plan;
}
constexpr int64_t kCrossKeys = 82;

struct Case {
  int64_t heads, key_heads, head_dim, window;
  double softcap;
  bool is_causal = true, has_slopes = false, has_table = false;

  AttentionOptions options() const {
    AttentionOptions options{0.3, window, softcap, is_causal};
    if (has_slopes) options.bias.slopes = ops::alibi_slopes(heads);
    if (has_table)
      options.bias.by_distance = ops::bias_by_distance(
          normal({heads, 8}, 9, at::kFloat), {.num_buckets = 8, .max_distance = 20, .is_causal = is_causal});
    return options;
  }
};

class SegmentAttention : public ::testing::TestWithParam<Case> {};

TEST_P(SegmentAttention, ErrsNoMoreThanTheNaiveFormAgainstDouble) {
  const Case c = GetParam();
  Rng rng(11);
  for (int round = 0; round < 5; ++round) {
    const auto plan = round < 4 ? random_plan(rng, 9) : long_plan();
    const int64_t n = num_queries(*plan);
    const AttentionOptions options = c.options();
    std::vector<at::Tensor> inputs;
    for (int64_t heads : {c.heads, c.key_heads, c.key_heads})
      inputs.push_back(at::randn({n, heads, c.head_dim}));
    xlt::testing::expect_rule_of_two(
        [&](const std::vector<at::Tensor>& at) {
          return ops::segment_attention(at[0], at[1], at[2], plan, options);
        },
        [&](const std::vector<at::Tensor>& at) {
          return reference::segment_attention(at[0], at[1], at[2], *plan, options);
        },
        inputs);
  }
}

TEST_P(SegmentAttention, ASegmentIsTheSameBitsAloneAndInABatch) {
  const Case c = GetParam();
  const at::NoGradGuard no_grad;
  Rng rng(5);
  const AttentionOptions options = c.options();
  for (const auto& plan : {random_plan(rng, 12), long_plan()}) {
    const int64_t n = num_queries(*plan);
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
      EXPECT_TRUE(same_bits(own, together.narrow(0, segment.query_begin, segment.query_length)));
    }
  }
}

TEST_P(SegmentAttention, ATokenIsTheSameBitsDecodedAndInsideItsText) {
  const Case c = GetParam();
  const at::NoGradGuard no_grad;
  if (!c.is_causal) GTEST_SKIP() << "what is decoded is causal";
  constexpr int64_t kLength = 150;
  const AttentionOptions options = c.options();
  const at::Tensor q = at::randn({kLength, c.heads, c.head_dim}),
                   k = at::randn({kLength, c.key_heads, c.head_dim}), v = at::randn_like(k);
  const at::Tensor text = ops::segment_attention(q, k, v, one_text(kLength), options);
  for (int64_t i : {0, 1, 31, 32, 63, 64, 65, 149}) {
    // What a decoding step asks: one query, its past in the cache as a prompt and a sample.
    auto step = std::make_shared<AttentionPlan>();
    step->segments = {{0, 1, {{0, i / 2}, {i / 2, i - i / 2}, {i, 1}}}};
    step->tree_begins = {0};
    const at::Tensor alone = ops::segment_attention(q.narrow(0, i, 1).contiguous(), k, v, step, options);
    EXPECT_TRUE(same_bits(alone, text.narrow(0, i, 1))) << "token " << i;
  }
}

TEST_P(SegmentAttention, GradientsAreTheSameBitsAtAnyNumberOfThreads) {
  const Case c = GetParam();
  const auto plan = long_plan();
  const int64_t n = num_queries(*plan), threads = at::get_num_threads();
  const std::vector<at::Tensor> inputs = {normal({n, c.heads, c.head_dim}, 1, at::kFloat),
                                          normal({n, c.key_heads, c.head_dim}, 2, at::kFloat),
                                          normal({n, c.key_heads, c.head_dim}, 3, at::kFloat)};
  const auto gradients = [&](int num_threads) {
    at::set_num_threads(num_threads);
    return xlt::testing::differentiate(
        [&](const std::vector<at::Tensor>& x) {
          return ops::segment_attention(x[0], x[1], x[2], plan, c.options());
        },
        inputs, normal(inputs[0].sizes(), 4, at::kFloat));
  };
  const auto one = gradients(1), three = gradients(3);
  at::set_num_threads(static_cast<int>(threads));
  EXPECT_TRUE(same_bits(one.value, three.value));
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(one.gradients[i], three.gradients[i]));
}

INSTANTIATE_TEST_SUITE_P(Shapes, SegmentAttention,
                         ::testing::Values(Case{4, 4, 8, 0, 0}, Case{4, 1, 16, 3, 0}, Case{6, 2, 5, 0, 2.0},
                                           Case{2, 1, 64, 2, 1.5}, Case{8, 4, 40, 70, 0},
                                           Case{3, 1, 72, 0, 0}));

// Encoders, ALiBi and T5: both directions, each bias and both, with and without windows and caps.
INSTANTIATE_TEST_SUITE_P(
    Kinds, SegmentAttention,
    ::testing::Values(Case{4, 4, 8, 0, 0, false}, Case{4, 2, 16, 3, 0, false}, Case{2, 1, 40, 70, 1.5, false},
                      Case{4, 4, 8, 0, 0, true, true}, Case{6, 2, 5, 9, 2.0, true, true},
                      Case{3, 1, 72, 0, 0, false, true}, Case{4, 4, 8, 0, 0, true, false, true},
                      Case{4, 2, 16, 70, 1.5, true, false, true}, Case{3, 3, 8, 0, 0, false, false, true},
                      Case{4, 1, 16, 5, 2.0, false, true, true}));

TEST(CrossAttention, ErrsNoMoreThanTheNaiveFormAgainstDouble) {
  const auto plan = cross_plan();
  for (const double softcap : {0.0, 2.0}) {
    const AttentionOptions options{.scale = 0.3, .softcap = softcap, .is_causal = false};
    xlt::testing::expect_rule_of_two(
        [&](const std::vector<at::Tensor>& x) {
          return ops::segment_attention(x[0], x[1], x[2], plan, options);
        },
        [&](const std::vector<at::Tensor>& x) {
          return reference::segment_attention(x[0], x[1], x[2], *plan, options);
        },
        {normal({48, 4, 16}, 1, at::kFloat), normal({kCrossKeys, 2, 16}, 2, at::kFloat),
         normal({kCrossKeys, 2, 16}, 3, at::kFloat)});
  }
}

TEST(CrossAttention, EveryQueryIsASoftmaxOverTheKeysOfItsText) {
  const at::Tensor q = at::randn({48, 2, 6}, at::kDouble), k = at::randn({kCrossKeys, 2, 6}, at::kDouble),
                   v = at::randn_like(k);
  const auto plan = cross_plan();
  const at::Tensor out = ops::segment_attention(q, k, v, plan, {.scale = 0.5, .is_causal = false});
  const auto expected = [&](int64_t query, int64_t begin, int64_t length, int64_t head) {
    const at::Tensor keys = k.select(1, head).narrow(0, begin, length);
    return at::softmax(at::mv(keys, q[query][head]) * 0.5, 0)
        .matmul(v.select(1, head).narrow(0, begin, length));
  };
  for (const int64_t head : {0, 1}) {
    EXPECT_LT((out[0][head] - expected(0, 0, 73, head)).abs().max().item<double>(), 1e-12);
    EXPECT_LT((out[44][head] - expected(44, 0, 70, head)).abs().max().item<double>(), 1e-12);
    EXPECT_LT((out[46][head] - expected(46, 73, 9, head)).abs().max().item<double>(), 1e-12);
  }
}

// One query more than the keys it sees, which no segment with a span of its own can have.
TEST(CrossAttention, QueriesMayOutnumberTheirKeys) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 3, {{1, 2}}}};
  plan->tree_begins = {0};
  const at::Tensor q = at::zeros({3, 1, 4}),
                   v = at::tensor({9.0f, 1.0f, 3.0f}).view({3, 1, 1}).expand({3, 1, 4});
  const at::Tensor out = ops::segment_attention(q, at::randn({3, 1, 4}), v, plan, {.is_causal = false});
  EXPECT_TRUE(out.allclose(at::full({3, 1, 4}, 2.0f), 1e-6));
}

TEST(SegmentAttentionTypes, HalfPrecisionIsRoundedOnce) {
  const auto plan = long_plan();
  const int64_t n = num_queries(*plan);
  for (at::ScalarType dtype : {at::kBFloat16, at::kHalf})
    xlt::testing::expect_rule_of_two(
        [&](const std::vector<at::Tensor>& x) {
          return ops::segment_attention(x[0], x[1], x[2], plan, {0.25, 20, 3.0});
        },
        [&](const std::vector<at::Tensor>& x) {
          return reference::segment_attention(x[0], x[1], x[2], *plan, {0.25, 20, 3.0});
        },
        {normal({n, 4, 16}, 1, dtype), normal({n, 2, 16}, 2, dtype), normal({n, 2, 16}, 3, dtype)});
}

TEST(SegmentAttentionTypes, QueriesAndACacheOfOtherTypesMeetInFloat32) {
  const at::Tensor q = at::randn({70, 2, 8}), k = at::randn({70, 1, 8}), v = at::randn({70, 1, 8});
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    const at::Tensor narrow_q = q.to(type), narrow_k = k.to(type), narrow_v = v.to(type);
    const at::Tensor out = ops::segment_attention(narrow_q, k, v, one_text(70), {});
    EXPECT_EQ(out.scalar_type(), type);
    EXPECT_TRUE(out.equal(ops::segment_attention(narrow_q.to(at::kFloat), k, v, one_text(70), {}).to(type)));
    EXPECT_TRUE(same_bits(
        ops::segment_attention(q, narrow_k, narrow_v, one_text(70), {}),
        ops::segment_attention(q, narrow_k.to(at::kFloat), narrow_v.to(at::kFloat), one_text(70), {})));
  }
}

TEST(SegmentAttentionTypes, DoubleMatchesFiniteDifferences) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 2, {{0, 2}}}, {2, 2, {{0, 2}, {2, 2}}}, {4, 1, {{0, 2}, {4, 1}}}};
  plan->tree_begins = {0};
  xlt::testing::expect_gradients_by_finite_differences(
      [&](const std::vector<at::Tensor>& x) {
        return ops::segment_attention(x[0], x[1], x[2], plan, {0.5, 3, 2.0});
      },
      {normal({5, 2, 3}, 1), normal({5, 1, 3}, 2), normal({5, 1, 3}, 3)});
}

TEST(SegmentAttentionByHand, ANotANumberAmongTheKeysReachesThoseThatSeeIt) {
  const at::Tensor q = at::ones({40, 1, 4}), v = at::ones({40, 1, 4});
  at::Tensor k = at::ones({40, 1, 4});
  k[5].fill_(std::nanf(""));
  const at::Tensor out = ops::segment_attention(q, k, v, one_text(40), {});
  EXPECT_TRUE(out.narrow(0, 0, 5).isfinite().all().item<bool>());
  EXPECT_TRUE(out.narrow(0, 5, 35).isnan().all().item<bool>());
}

TEST(SegmentAttentionByHand, EqualLogitsGiveTheMeanOfTheValuesSeen) {
  const at::Tensor zeros = at::zeros({3, 1, 1}), v = at::tensor({1.0f, 3.0f, 8.0f}).view({3, 1, 1});
  const auto seen = [&](int64_t window) {
    return ops::segment_attention(zeros, zeros, v, one_text(3), {1.0, window, 0.0}).view(-1);
  };
  EXPECT_TRUE(seen(0).allclose(at::tensor({1.0f, 2.0f, 4.0f}), 1e-6));
  EXPECT_TRUE(seen(2).allclose(at::tensor({1.0f, 2.0f, 5.5f}), 1e-6));
  EXPECT_TRUE(seen(1).equal(at::tensor({1.0f, 3.0f, 8.0f})));
}

TEST(SegmentAttentionByHand, ValuesAreWeighedByTheExponentialOfScaledAndCappedLogits) {
  const at::Tensor q = at::tensor({2.0f, 2.0f}).view({2, 1, 1}), k = at::tensor({0.0f, 3.0f}).view({2, 1, 1}),
                   v = at::tensor({0.0f, 1.0f}).view({2, 1, 1});
  const auto second = [&](const AttentionOptions& options) {
    return ops::segment_attention(q, k, v, one_text(2), options).view(-1)[1].item<double>();
  };
  EXPECT_NEAR(second({0.5, 0, 0.0}), 1 / (1 + std::exp(-3.0)), 1e-6);
  EXPECT_NEAR(second({0.5, 0, 2.0}), 1 / (1 + std::exp(-2 * std::tanh(1.5))), 1e-6);
}

// Equal logits but for the bias, by hand: the value seen is 1 at position 0, and 0 elsewhere.
double weight_of_first_key(const AttentionOptions& options, int64_t query) {
  const at::Tensor zeros = at::zeros({3, 1, 1}), v = at::tensor({1.0f, 0.0f, 0.0f}).view({3, 1, 1});
  return ops::segment_attention(zeros, zeros, v, one_text(3), options).view(-1)[query].item<double>();
}

TEST(SegmentAttentionByHand, BothWaysAQuerySeesItsWholeSegment) {
  const at::Tensor zeros = at::zeros({3, 1, 1}), v = at::tensor({1.0f, 3.0f, 8.0f}).view({3, 1, 1});
  const auto seen = [&](int64_t window) {
    return ops::segment_attention(zeros, zeros, v, one_text(3), {.window = window, .is_causal = false})
        .view(-1);
  };
  EXPECT_TRUE(seen(0).allclose(at::tensor({4.0f, 4.0f, 4.0f}), 1e-6));
  EXPECT_TRUE(seen(2).allclose(at::tensor({2.0f, 4.0f, 5.5f}), 1e-6));
  EXPECT_TRUE(seen(1).equal(at::tensor({1.0f, 3.0f, 8.0f})));
}

TEST(SegmentAttentionByHand, SlopesTakeFromALogitByDistance) {
  AttentionOptions options;
  options.bias.slopes = at::tensor({0.5f});
  const double near = std::exp(-0.5), far = std::exp(-1.0);
  EXPECT_NEAR(weight_of_first_key(options, 2), far / (1 + near + far), 1e-6);
  options.is_causal = false;
  EXPECT_NEAR(weight_of_first_key(options, 0), 1 / (1 + near + far), 1e-6);
  EXPECT_NEAR(weight_of_first_key(options, 1), near / (1 + 2 * near), 1e-6);
}

TEST(SegmentAttentionByHand, ABiasByDistanceIsClampedAndToldApartByDirection) {
  AttentionOptions options{.is_causal = false};
  options.bias.by_distance = at::tensor({1.0f, 0.0f, 2.0f}).view({1, 3});
  const double before = std::exp(1.0), after = std::exp(2.0);
  EXPECT_NEAR(weight_of_first_key(options, 0), 1 / (1 + 2 * after), 1e-6);
  EXPECT_NEAR(weight_of_first_key(options, 1), before / (before + 1 + after), 1e-6);
  EXPECT_NEAR(weight_of_first_key(options, 2), before / (2 * before + 1), 1e-6);
}

TEST(SegmentAttentionTypes, DoubleMatchesFiniteDifferencesBothWaysWithABias) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 2, {{0, 2}}}, {2, 2, {{0, 2}, {2, 2}}}, {4, 1, {{0, 2}, {4, 1}}}};
  plan->tree_begins = {0};
  AttentionOptions options{0.5, 3, 2.0, /*is_causal=*/false};
  options.bias.slopes = ops::alibi_slopes(2);
  xlt::testing::expect_gradients_by_finite_differences(
      [&](const std::vector<at::Tensor>& x) {
        return ops::segment_attention(x[0], x[1], x[2], plan, options);
      },
      {normal({5, 2, 3}, 1), normal({5, 1, 3}, 2), normal({5, 1, 3}, 3)});
}

class SegmentAttentionReference : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(IsCausal, SegmentAttentionReference, ::testing::Bool());

TEST_P(SegmentAttentionReference, EqualsASoftmaxOverTheKeysOfEachQuery) {
  Rng rng(3);
  const auto plan = random_plan(rng, 8);
  const int64_t n = num_queries(*plan), window = 5;
  const at::Tensor q = at::randn({n, 4, 6}, at::kDouble), k = at::randn({n, 2, 6}, at::kDouble),
                   v = at::randn_like(k);
  const Case c{4, 2, 6, window, 0, GetParam(), true, true};
  AttentionOptions options = c.options();
  options.scale = 0.7;
  const at::Tensor out = reference::segment_attention(q, k, v, *plan, options);
  for (const auto& segment : plan->segments) {
    std::vector<int64_t> path;
    for (const ops::Span& span : segment.spans)
      for (int64_t j = 0; j < span.length; ++j) path.push_back(span.begin + j);
    const auto before = static_cast<int64_t>(path.size()) - segment.query_length;
    for (int64_t i = 0; i < segment.query_length; ++i) {
      const int64_t at = before + i, first = std::max<int64_t>(0, at + 1 - window);
      const int64_t end = c.is_causal ? at + 1 : std::min(at + window, before + segment.query_length);
      const at::Tensor rows =
          at::tensor(std::vector<int64_t>(path.begin() + first, path.begin() + end), at::kLong);
      for (int64_t h = 0; h < 4; ++h) {
        const at::Tensor keys = k.select(1, h / 2).index_select(0, rows),
                         values = v.select(1, h / 2).index_select(0, rows),
                         query = q[segment.query_begin + i][h];
        at::Tensor logits = at::mv(keys, query) * 0.7;
        for (int64_t j = first; j < end; ++j) {
          const int64_t beyond = std::clamp<int64_t>(j - at, -20, 20);
          logits[j - first] += options.bias.by_distance[h][20 + beyond].item<double>() -
                               options.bias.slopes[h].item<double>() * static_cast<double>(std::abs(j - at));
        }
        const at::Tensor expected = at::softmax(logits, 0).matmul(values);
        EXPECT_LT((expected - out[segment.query_begin + i][h]).abs().max().item<double>(), 1e-12);
      }
    }
  }
}

TEST(SegmentAttentionChecks, RefusesAPlanThatLeavesQueriesOutOrLeavesTheKeys) {
  const at::Tensor x = at::randn({3, 1, 4});
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments.push_back({0, 2, {{0, 2}}});
  EXPECT_THROW(ops::segment_attention(x, x, x, plan, {}), Error);
  plan->segments.push_back({2, 1, {{0, 2}, {5, 1}}});
  EXPECT_THROW(ops::segment_attention(x, x, x, plan, {}), Error);
}

TEST(SegmentAttentionChecks, RefusesTreesThatShareKeysWhereGradientsAreAsked) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->segments = {{0, 2, {{0, 2}}}, {2, 1, {{0, 2}, {2, 1}}}};
  plan->tree_begins = {0, 1};
  const at::Tensor x = at::randn({3, 1, 4}), trained = at::randn({3, 1, 4}).set_requires_grad(true);
  EXPECT_NO_THROW(ops::segment_attention(x, x, x, plan, {}));
  EXPECT_THROW(ops::segment_attention(trained, x, x, plan, {}), Error);
  plan->tree_begins.clear();
  EXPECT_THROW(ops::segment_attention(trained, x, x, plan, {}), Error);
}

TEST(SegmentAttentionChecks, RefusesForeignKeysWherePositionsCountAndABiasThatFitsNoHead) {
  const at::Tensor q = at::randn({48, 2, 4}), k = at::randn({kCrossKeys, 2, 4});
  const AttentionOptions both_ways{.is_causal = false};
  EXPECT_NO_THROW(ops::segment_attention(q, k, k, cross_plan(), both_ways));
  EXPECT_THROW(ops::segment_attention(q, k, k, cross_plan(), {}), Error);
  AttentionOptions options = both_ways;
  options.window = 4;
  EXPECT_THROW(ops::segment_attention(q, k, k, cross_plan(), options), Error);
  options = both_ways;
  options.bias.slopes = ops::alibi_slopes(2);
  EXPECT_THROW(ops::segment_attention(q, k, k, cross_plan(), options), Error);
  options.bias.slopes = ops::alibi_slopes(3);
  EXPECT_THROW(ops::segment_attention(q, q, q, one_text(48), options), Error);
  options.bias.slopes = ops::alibi_slopes(2).set_requires_grad(true);
  EXPECT_THROW(ops::segment_attention(q, q, q, one_text(48), options), Error);
  options.bias = {};
  options.bias.by_distance = at::zeros({2, 4});
  EXPECT_THROW(ops::segment_attention(q, q, q, one_text(48), options), Error);
  auto nothing = std::make_shared<AttentionPlan>();
  nothing->segments = {{0, 48, {{0, 0}}}};
  nothing->tree_begins = {0};
  EXPECT_THROW(ops::segment_attention(q, k, k, nothing, both_ways), Error);
}

TEST(SegmentAttentionChecks, KeepsNothingForBackwardWithoutGradients) {
  const at::Tensor x = at::randn({3, 1, 4}).set_requires_grad(true);
  EXPECT_TRUE(ops::segment_attention(x, x, x, one_text(3), {}).requires_grad());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(ops::segment_attention(x, x, x, one_text(3), {}).requires_grad());
}

}  // namespace
}  // namespace xlt
