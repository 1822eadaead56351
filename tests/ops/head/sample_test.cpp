// SPDX-License-Identifier: Apache-2.0
// sample: against a full sort, draws against the exact distribution, edges.
#include "xlt/ops/head/sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

using Distribution = std::vector<std::pair<int64_t, double>>;

// By a full sort, as transformers' warpers do it: temperature, then top-k, then the shortest prefix that
// reaches top-p.
Distribution brute_force(const at::Tensor& logits, const ops::SampleOptions& options) {
  const at::Tensor wide = logits.to(at::kDouble) / options.temperature;
  std::vector<double> x(wide.const_data_ptr<double>(), wide.const_data_ptr<double>() + wide.numel());
  std::vector<int64_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return x[a] > x[b]; });
  if (options.top_k > 0 && options.top_k < static_cast<int64_t>(order.size())) order.resize(options.top_k);
  double total = 0;
  for (int64_t id : order) total += std::exp(x[id] - x[order[0]]);
  double mass = 0;
  size_t kept = 0;
  while (kept < order.size() && (kept == 0 || mass < options.top_p * total))
    mass += std::exp(x[order[kept++]] - x[order[0]]);
  order.resize(kept);
  std::sort(order.begin(), order.end());
  const double highest = *std::max_element(x.begin(), x.end());
  Distribution distribution;
  for (int64_t id : order)
    if (const double p = std::exp(x[id] - highest); p > 0) distribution.emplace_back(id, p / mass);
  return distribution;
}

TEST(Sample, TruncationEqualsAFullSort) {
  for (const auto& options : std::vector<ops::SampleOptions>{{0.9, 0.8, 0},
                                                             {1.0, 0.5, 0},
                                                             {2.5, 0.95, 0},
                                                             {1.0, 1.0, 10},
                                                             {0.7, 0.9, 50},
                                                             {0.05, 0.8, 0},
                                                             {8.0, 0.999, 0},
                                                             {1.0, 0.9, 700},
                                                             {1.0, 1.0, 0}})
    for (int64_t vocab : {1, 2, 50, 5000, 70000}) {
      const at::Tensor logits = at::randn({vocab}) * 3;
      const auto mine = ops::truncated_distribution(logits, options), expected = brute_force(logits, options);
      ASSERT_EQ(mine.size(), expected.size()) << vocab << " " << options.temperature << " " << options.top_p;
      for (size_t i = 0; i < mine.size(); ++i) {
        EXPECT_EQ(mine[i].first, expected[i].first);
        EXPECT_NEAR(mine[i].second, expected[i].second, 1e-6);
      }
    }
}

#ifdef XLT_CUDA_EMULATION  // a thousand times slower
constexpr int64_t kDraws = 1000, kInverted = 200;
#else
constexpr int64_t kDraws = 20000, kInverted = 3000;
#endif

// Blocks of very different masses: one peak and a long tail, equal logits around the cut, a last block of
// one.
TEST(Sample, TruncationOfUnevenBlocksEqualsAFullSort) {
  at::Tensor peaked = at::randn({5000}) - 12;
  peaked[77] = 0.0f;
  peaked.narrow(0, 1024, 256).fill_(-6.0f);
  at::Tensor steps = at::arange(2570, at::kFloat).div(257, "floor").neg();
  for (const at::Tensor& logits : {peaked, steps, at::randn({257}), at::zeros({257})})
    for (const double top_p : {0.3, 0.8, 0.95, 0.99999})
      for (const double temperature : {0.5, 1.0, 3.0}) {
        const ops::SampleOptions options{temperature, top_p, 0};
        const auto mine = ops::truncated_distribution(logits, options),
                   expected = brute_force(logits, options);
        double mass = 0;
        for (const auto& [id, p] : mine) mass += p;
        EXPECT_NEAR(mass, 1, 1e-6);
        // Rounding may decide about a token at the very edge.
        EXPECT_NEAR(static_cast<double>(mine.size()), static_cast<double>(expected.size()), 1)
            << logits.size(0) << " " << top_p << " " << temperature;
      }
}

TEST(Sample, ManyDrawsFollowTheExactDistribution) {
  const at::Tensor logits = at::randn({400}) * 2;
  const ops::SampleOptions options{0.9, 0.8, 0};
  const auto exact = ops::truncated_distribution(logits, options);
  std::map<int64_t, double> counts;
  Rng rng(17);
  constexpr int64_t kBatch = 500;
  for (int64_t done = 0; done < kDraws; done += kBatch) {
    std::vector<double> uniforms(kBatch);
    for (double& u : uniforms) u = rng.uniform();
    for (int64_t id : ops::sample(logits.expand({kBatch, 400}), uniforms, options)) ++counts[id];
  }
  double chi_square = 0, expected_in_tail = 0, seen_in_tail = 0;
  int64_t cells = 0;
  for (const auto& [id, p] : exact) {
    const double expected = p * kDraws;
    if (expected < 5) {
      expected_in_tail += expected;
      seen_in_tail += counts[id];
      continue;
    }
    chi_square += (counts[id] - expected) * (counts[id] - expected) / expected;
    ++cells;
  }
  if (expected_in_tail > 0)
    chi_square += (seen_in_tail - expected_in_tail) * (seen_in_tail - expected_in_tail) / expected_in_tail,
        ++cells;
  // Wilson & Hilferty's 99.9 % point of chi-square with cells − 1 degrees of freedom.
  const double k = static_cast<double>(cells - 1);
  EXPECT_LT(chi_square, k * std::pow(1 - 2 / (9 * k) + 3.09 * std::sqrt(2 / (9 * k)), 3));
  double inside = 0;
  for (const auto& [id, p] : exact) inside += counts[id];
  EXPECT_EQ(inside, kDraws);
}

at::Tensor row(const std::vector<float>& logits) {
  return at::tensor(at::ArrayRef<float>(logits)).unsqueeze(0);
}

TEST(Sample, EdgesOfTheDistribution) {
  const std::vector<double> low{0.0}, high{0.999999};
  EXPECT_EQ(ops::sample(row({1.f, 5.f, 5.f}), low, {.greedy = true}),
            (std::vector<int64_t>{1}));  // lowest id among equals
  EXPECT_EQ(ops::sample(row({1.f, 9.f, 5.f}), high, {.top_k = 1}), (std::vector<int64_t>{1}));
  EXPECT_EQ(ops::sample(row({1.f, 9.f, 5.f}), high, {.top_p = 1e-9}), (std::vector<int64_t>{1}));
  EXPECT_EQ(ops::sample(row({2.f, 1.f, 0.f}), high, {.temperature = 1e-3}), (std::vector<int64_t>{0}));
  const float minus_infinity = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(ops::sample(row({minus_infinity, 0.f, minus_infinity}), high, {}), (std::vector<int64_t>{1}));
  EXPECT_EQ(ops::truncated_distribution(at::zeros({8}), {.top_p = 0.5}).size(),
            4u);  // equal: lower ids first
  EXPECT_THROW(ops::sample(at::full({1, 3}, std::nanf("")), low, {}), Error);
}

TEST(Sample, WithoutTruncationTheWholeVocabularyIsInverted) {
  // Ids in order, each with the share of the unit interval that its probability is.
  const at::Tensor logits = at::randn({kInverted}) * 2;
  const auto exact = ops::truncated_distribution(logits, {});
  ASSERT_EQ(exact.size(), static_cast<size_t>(kInverted));
  std::vector<double> middles;
  double mass = 0;
  for (const auto& [id, p] : exact) {
    middles.push_back(std::min(mass + p / 2, 1 - 1e-12));
    mass += p;
  }
  const auto ids = ops::sample(logits.expand({kInverted, kInverted}), middles, {});
  // A token rarer than the rounding of float32 sums may lose its place to a neighbour.
  for (int64_t i = 0; i < kInverted; ++i)
    if (exact[i].second > 1e-5) {
      EXPECT_EQ(ids[i], i);
    }
}

// The middle of each kept token's share of the unit interval gives that token, also among equal logits, which
// top-k and top-p cut by id.
TEST(Sample, DrawsGoThroughTheKeptTokensInOrder) {
  for (const auto& options : std::vector<ops::SampleOptions>{
           {0.9, 0.8, 0}, {1.0, 1.0, 10}, {0.7, 0.9, 50}, {1.0, 0.3, 7}, {3.0, 0.5, 0}, {1.0, 1.0, 699}})
    for (const double step : {0.0, 0.5}) {
      at::Tensor logits = at::randn({700}) * 2;
      if (step > 0) logits = at::round(logits / step) * step;
      const Distribution exact = brute_force(logits, options);
      std::vector<double> middles;
      std::vector<int64_t> expected;
      double mass = 0;
      const size_t every = std::max<size_t>(1, exact.size() / 40);
      for (size_t i = 0; i < exact.size(); ++i) {
        if (i % every == 0 && exact[i].second > 1e-5) {
          middles.push_back(mass + exact[i].second / 2);
          expected.push_back(exact[i].first);
        }
        mass += exact[i].second;
      }
      const auto count = static_cast<int64_t>(middles.size());
      EXPECT_EQ(ops::sample(logits.expand({count, 700}), middles, options), expected)
          << "top_k " << options.top_k << ", top_p " << options.top_p << ", steps of " << step;
    }
}

TEST(Sample, ANotANumberOfEitherSignAnywhereIsAnError) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<double> draw{0.5};
  for (const float bad : {nan, -nan, std::numeric_limits<float>::infinity()})
    for (const int64_t where : {0, 255, 256, 999}) {
      at::Tensor logits = at::randn({1, 1000});
      logits.mutable_data_ptr<float>()[where] = bad;
      for (const auto& options :
           std::vector<ops::SampleOptions>{{}, {.top_p = 0.5}, {.top_k = 3}, {.greedy = true}})
        EXPECT_THROW(ops::sample(logits, draw, options), Error);
    }
}

TEST(Sample, EqualsGoByIdWhereTopKCutsThem) {
  at::Tensor logits = at::zeros({1000});
  logits[700] = 1;
  const auto kept = ops::truncated_distribution(logits, {.top_k = 3});
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0].first, 0);
  EXPECT_EQ(kept[1].first, 1);
  EXPECT_EQ(kept[2].first, 700);
  EXPECT_NEAR(kept[2].second, std::exp(1.0) / (std::exp(1.0) + 2), 1e-6);
}

TEST(Sample, OneHugeLogitTakesAll) {
  at::Tensor logits = at::zeros({1, 5000});
  logits[0][4321] = 1e4;
  const std::vector<double> draw{0.999999};
  for (const double p : {1.0, 0.9})
    EXPECT_EQ(ops::sample(logits, draw, {.top_p = p}), (std::vector<int64_t>{4321}));
}

// Three draws of one row, one of another, none of the last.
const std::vector<int64_t> kRowsRead = {0, 0, 0, 2};

std::vector<int64_t> drawn_from_head(const at::Tensor& hidden, const at::Tensor& weight,
                                     const ops::HeadOptions& head, const std::vector<double>& uniforms,
                                     const ops::SampleOptions& options) {
  return ops::sample_head(hidden, weight, head, kRowsRead, uniforms, options,
                          at::empty({hidden.size(0), weight.size(0)}));
}

// Vocabularies around a block of 256.
TEST(SampleHead, DrawsWhatTheLogitsGive) {
  const std::vector<double> uniforms = {0.01, 0.5, 0.99, 0.3};
  for (const int64_t vocab : {1, 255, 256, 257, 5000})
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kDouble})
      for (const auto& options : std::vector<ops::SampleOptions>{
               {0.9, 0.8, 0}, {1.0, 1.0, 0}, {0.7, 0.9, 50}, {1.0, 1.0, 10}, {.greedy = true}}) {
        const at::Tensor hidden = at::randn({4, 24}).to(type), weight = at::randn({vocab, 24}).to(type);
        const ops::HeadOptions head{0.5, 6.0};
        const at::Tensor logits =
            ops::head_logits(hidden, weight, head)
                .index_select(0, at::tensor(at::ArrayRef<int64_t>(kRowsRead), at::kLong));
        EXPECT_EQ(drawn_from_head(hidden, weight, head, uniforms, options),
                  ops::sample(logits, uniforms, options))
            << vocab << " " << toString(type) << " " << options.top_p << " " << options.top_k;
      }
}

TEST(SampleHead, ANotANumberAnywhereIsAnError) {
  const at::Tensor hidden = at::randn({3, 24}), weight = at::randn({700, 24});
  weight[650][3] = std::nanf("");
  EXPECT_THROW(drawn_from_head(hidden, weight, {}, {0.1, 0.2, 0.3, 0.4}, {0.9, 0.8, 0}), Error);
}

TEST(SampleHead, RefusesLogitsOfAnotherShape) {
  EXPECT_THROW(ops::sample_head(at::ones({3, 4}), at::ones({10, 4}), {}, kRowsRead, std::vector<double>(4),
                                {}, at::empty({3, 9})),
               Error);
}

TEST(Sample, ATemperatureOfZeroIsRefused) {
  EXPECT_THROW(ops::sample(at::zeros({1, 3}), std::vector<double>{0.5}, {.temperature = 0.0}), Error);
}

}  // namespace
}  // namespace xlt
