// SPDX-License-Identifier: Apache-2.0
// What losses over pairs share: the term of the chosen answers' negative log-likelihood, and doing without a
// reference.
#include "train/loss_testing.h"
#include "train/train_testing.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using testing::ElementsAre;

// Chosen of 3 labels, rejected of 2, and a prompt of 4 tokens, the last three of which are labels.
TrainRow row_with_prompt() {
  TrainRow row{{{{1, 2, 3, 4, 5, 6, 7}, 4}, {{1, 2, 3, 4, 8, 9}, 4}, {{1, 2, 3, 4}, 0}}, ""};
  row.has_prompt = true;
  return row;
}

TEST(PairLoss, TheNllTermIsAMeanOverChosenTokens) {
  const auto loss = make_loss("dpo", {{"nll_weight", "0.5"}});
  TrainRow row = row_with_prompt();
  row.sequences.pop_back();
  row.has_prompt = false;
  EXPECT_THAT(loss->num_items(0, row), ElementsAre(1, 3));
  const SequenceLogps logps{floats({-10, -20, -6, -7}), floats({-12, -22, -6, -7}), {3, 2, 2, 2}};
  const LossValue value = loss->compute({&logps, 1});
  EXPECT_NEAR(value.terms[0].item<double>(), 2 * std::log(2.0), 1e-6);
  EXPECT_NEAR(value.terms[1].item<double>(), 0.5 * (10 + 6), 1e-6);
  EXPECT_EQ(value.stats.back().name, "nll_loss");
  EXPECT_NEAR(value.stats.back().sum, 16, 1e-6);  // without its weight
  EXPECT_EQ(value.stats.back().term, 1u);
}

TEST(PairLoss, WithoutAWeightThereIsNoSuchTerm) {
  for (const char* method : {"dpo", "ipo", "hinge", "simpo"})
    EXPECT_THAT(make_loss(method)->num_items(0, row_with_prompt()), ElementsAre(1)) << method;
}

TEST(PairLoss, CpoAndOrpoHaveAWeightOfOneOfTheirOwn) {
  EXPECT_THAT(make_loss("cpo")->num_items(0, row_with_prompt()), ElementsAre(1, 3));
  EXPECT_THAT(make_loss("orpo")->num_items(0, row_with_prompt()), ElementsAre(1, 3 + 3));
  EXPECT_FALSE(make_loss("cpo")->row_sets()[0].uses_prompt);
  EXPECT_TRUE(make_loss("orpo")->row_sets()[0].uses_prompt);
  EXPECT_FALSE(make_loss("orpo", {{"nll_weight", "0"}})->row_sets()[0].uses_prompt);
  const SequenceLogps logps{floats({-10, -20, -3}), {}, {3, 2, 3}};
  const LossValue value = make_loss("orpo")->compute({&logps, 1});
  EXPECT_NEAR(value.terms[1].item<double>(), 13, 1e-6);
}

// p = 1 has no finite odds: the loss and its slope stay numbers.
TEST(PairLoss, OrpoStaysFiniteWhereAnAnswerIsCertain) {
  at::Tensor policy = floats({0, -20}).set_requires_grad(true);
  const SequenceLogps logps{policy, {}, {3, 2}};
  const LossValue value = make_loss("orpo", {{"nll_weight", "0"}})->compute({&logps, 1});
  EXPECT_TRUE(std::isfinite(value.terms[0].item<double>()));
  value.terms[0].backward();
  EXPECT_TRUE(std::isfinite(policy.grad()[0].item<double>()));
}

TEST(PairLoss, WithoutAReferenceNoneIsComputed) {
  for (const char* method : {"dpo", "cpo", "simpo", "orpo"}) {
    TrainFixture fixture("reference_free");
    fixture.options.method = method;
    fixture.job.records.pairs = letter_pairs(4);
    fixture.options.max_steps = 2;
    if (method == std::string("dpo"))
      set_option(visit_of(fixture.options.method_options), "reference_free", "true");
    const TrainResult result = fixture.run();
    EXPECT_FALSE(result.reference.has_value()) << method;
    EXPECT_EQ(fixture.decoder.num_forwards, 2) << method;
  }
}

// The prompt's own labels cost no token: BOS x y z + (c d EOS) + (e EOS).
TEST(PairLoss, OrposPromptIsNotComputedAgain) {
  TrainFixture fixture("orpo_prompt");
  fixture.options.method = "orpo";
  fixture.options.max_steps = 1;
  fixture.job.records.pairs = {{"xyz", "cd", "e", ""}};
  fixture.run();
  EXPECT_EQ(fixture.decoder.num_tokens_seen, 9);
  EXPECT_EQ(fixture.metrics().front().at("num_tokens"), 7 + 6);
}

// Both terms have denominators of the whole step, so how it is cut does not matter.
TEST(PairLoss, MicroBatchesOfOneEqualOneBatchOfEight) {
  for (const char* method : {"cpo", "orpo"}) {
    std::vector<std::vector<double>> losses;
    std::vector<std::vector<float>> weights;
    for (const int64_t batch_size : {1, 8}) {
      TrainFixture fixture("pair_batches");
      fixture.options.method = method;
      fixture.options.batch_size = batch_size;
      fixture.options.gradient_accumulation_steps = 8 / batch_size;
      fixture.options.max_steps = 4;
      fixture.job.records.pairs = letter_pairs(16);
      fixture.run();
      losses.push_back(fixture.losses());
      weights.push_back(fixture.adapter_values());
    }
    EXPECT_THAT(losses[1], testing::Pointwise(testing::DoubleNear(1e-5), losses[0])) << method;
    EXPECT_THAT(weights[1], testing::Pointwise(testing::FloatNear(1e-5), weights[0])) << method;
  }
}

}  // namespace
}  // namespace xlt
