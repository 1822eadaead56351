// SPDX-License-Identifier: Apache-2.0
// What a dry run asks, and what it makes of the answers.
#include "eval/eval_testing.h"
#include "eval/sampled_models.h"

#include <set>

namespace xlt {
namespace {

TEST(SamplePositions, AreDistinctSpreadAndBesideOneAnother) {
  for (const auto& [total, count] : {std::pair(1000u, 10u), {1000u, 256u}, {50u, 50u}, {9u, 8u}, {1u, 1u}}) {
    const auto positions = sample_positions(total, count);
    EXPECT_EQ(std::set<size_t>(positions.begin(), positions.end()).size(), count);
    EXPECT_LT(*std::max_element(positions.begin(), positions.end()), total);
  }
  EXPECT_EQ(sample_positions(1000, 16), (std::vector<size_t>{0, 1, 125, 126, 250, 251, 375, 376, 500, 501,
                                                             625, 626, 750, 751, 875, 876}));
}

// 2,000 prompts: a sample of 256, first of one token, then of a fortieth of 400; the fake computes a token a
// sample.
TEST(SampledModels, GenerationKeepsItsRowsAndIsCutShort) {
  FakeLanguageModel fake;
  fake.description.max_length = 10'000;
  SampledCost cost;
  SampledLanguageModel lm(fake, cost);
  std::vector<GenerateRequest> requests(2000, {"one two", "id"});
  GenerationOptions options;
  options.greedy = true;
  options.max_new_tokens = 400;
  const auto completions = lm.generate(requests, options);
  EXPECT_EQ(completions.size(), 2000);
  EXPECT_EQ(fake.generate_requests.size(), 2 * 256);
  EXPECT_EQ(fake.last_options.max_new_tokens, 63);  // 2 % of 2,000 · 400, in 256 rows: 62.5
  EXPECT_EQ(completions[0][0].text.size(), 6 * std::string("and so on it goes").size());  // 400 / 63
  EXPECT_DOUBLE_EQ(cost.tokens, 2000);  // the fake's do not depend on the length
}

TEST(SampledModels, SamplesOf25AreAskedInFull) {
  FakeLanguageModel fake;
  SampledCost cost;
  SampledLanguageModel lm(fake, cost);
  GenerationOptions options;
  const auto completions = lm.generate(std::vector<GenerateRequest>(1000, {"one two", "id"}), options);
  EXPECT_EQ(completions.size(), 1000);
  EXPECT_EQ(completions[999].size(), 25);
  EXPECT_EQ(fake.generate_requests.size(), 11);
  EXPECT_EQ(fake.last_options.max_new_tokens, 20);
  EXPECT_DOUBLE_EQ(cost.tokens, 25'000);
}

// It takes no time, so the sample grows to all of them.
TEST(SampledModels, ASampleGrowsUntilItTellsSomething) {
  FakeLanguageModel fake;
  SampledCost cost;
  SampledLanguageModel lm(fake, cost);
  const std::vector<std::string> texts(100, "one two three");
  EXPECT_EQ(lm.rolling_log_likelihood(texts, TextStart::kDocument).size(), 100);
  EXPECT_EQ(fake.num_calls, 3);  // 8, 32, 100
  EXPECT_DOUBLE_EQ(cost.tokens, 300);
  EXPECT_FALSE(lm.base_log_likelihood(std::vector<LogLikelihoodRequest>{{"", "a"}}).has_value());
}

class DryRun : public EvalTest {
 protected:
  Json estimate() {
    const EvalServices services{.lm = &lm_, .scorers = {}, .identifier = nullptr, .model_hash = "weights-1"};
    EvalOptions options = options_;
    options.dry_run = true;
    return estimate_evaluation(services, options, {});
  }
};

TEST_F(DryRun, EstimatesEachCellAndWritesNothing) {
  write_data("udhr/en.jsonl", "{\"id\":\"1\",\"text\":\"one two\"}\n{\"id\":\"2\",\"text\":\"three\"}\n");
  options_.langs = {"en", "fr"};
  const Json estimate = DryRun::estimate();
  ASSERT_EQ(estimate.at("cells").size(), 2);
  const Json &en = estimate.at("cells")[0], &fr = estimate.at("cells")[1];
  EXPECT_EQ(en.at("state"), "missing");
  EXPECT_EQ(en.at("n_items"), 2);
  EXPECT_EQ(en.at("num_tokens"), 3);
  EXPECT_GT(en.at("memory_bytes"), 1'000'000);
  EXPECT_EQ(fr.at("state"), "no data");
  EXPECT_EQ(estimate.at("totals").at("num_tokens"), 3);
  EXPECT_FALSE(fs::exists(options_.output));
}

TEST_F(DryRun, WhatIsDoneCostsNothing) {
  write_data("udhr/en.jsonl", "{\"id\":\"1\",\"text\":\"one two\"}\n");
  run();
  const Json cell = estimate().at("cells")[0];
  EXPECT_EQ(cell.at("state"), "done");
  EXPECT_EQ(cell.at("seconds"), 0);
  options_.output.clear();
  EXPECT_EQ(estimate().at("cells")[0].at("state"), "missing") << "no folder, nothing done";
}

// Costly, and counts what it is asked.
class CountingScorer final : public TextScorer {
 public:
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    num_asked += requests.size();
    return std::vector<ScoreResult>(requests.size(), Score{0.5});
  }
  std::string name() const override { return "counting"; }
  std::string hash() const override { return "counting-of-sixteen-or-more"; }
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  size_t num_asked = 0;
};

// The cell's own stamp is gone, as where another benchmark's option changed; what was scored is there.
TEST_F(DryRun, ScoresThatAreThereAreNotAskedFor) {
  std::string rows;
  for (int i = 0; i < 20; ++i)
    rows += str_cat("{\"prompt\":\"p", i, "\",\"completion\":\"c", i, "\",\"language\":\"en\"}\n");
  write_data("rows.jsonl", rows);
  options_.benchmarks = {"all"};
  options_.completions = {(data() / "rows.jsonl").string()};
  options_.sampling.num_samples = 1;
  CountingScorer scorer;
  const EvalServices services{.scorers = {&scorer}, .identifier = nullptr, .model_hash = "rows-1"};
  estimate_evaluation(services, options_, {});
  EXPECT_GT(scorer.num_asked, 0);
  evaluate(services, options_, Json::object(), {});
  fs::remove_all(fs::path(options_.output) / "cells");
  scorer.num_asked = 0;
  const Json cell = estimate_evaluation(services, options_, {}).at("cells")[0];
  EXPECT_EQ(cell.at("state"), "missing");
  EXPECT_EQ(scorer.num_asked, 0);
  options_.output = (folder_ / "other").string();
  estimate_evaluation(services, options_, {});
  EXPECT_GT(scorer.num_asked, 0);
  EXPECT_FALSE(fs::exists(options_.output));
}

}  // namespace
}  // namespace xlt
