// SPDX-License-Identifier: Apache-2.0
// A stream of texts beside what is trained on, that holds the policy to the reference.
#include "train/retention.h"

#include "train/pack.h"
#include "train/train_testing.h"
#include "train/training_data.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sum.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

std::vector<SftRecord> retained_texts() {
  std::vector<SftRecord> texts = letter_texts(30);
  texts.erase(texts.begin(), texts.begin() + 25);  // others than the pairs are made of
  return texts;
}

struct RetainFixture : TrainFixture {
  explicit RetainFixture(const std::string& folder, const std::string& method = "dpo", double dropout = 0)
      : TrainFixture(folder, dropout) {
    options.method = method;
    if (method_row_kind(method) == RowKind::kPair)
      job.records.pairs = letter_pairs(8);
    else
      job.records.texts = letter_texts(16);
    job.further_records[kRetainSet].texts = retained_texts();
    options.batch_size = 2;
    options.max_steps = 6;
  }
  void train_all() {
    decoder.projection().detach_adapter();
    train_all_weights(decoder);
    job.adapter_only = false;
  }
  std::vector<double> retain_losses() const {
    std::vector<double> losses;
    for (const Json& row : metrics()) losses.push_back(row.at("retain_loss").get<double>());
    return losses;
  }
};

// The first step: policy and base are one, dropout or not, so nothing is added to DPO's log 2.
TEST(Retention, AnUntouchedPolicyHasNoDivergence) {
  for (const char* method : {"dpo", "sft"}) {
    RetainFixture fixture("untouched", method, /*dropout=*/0.5);
    fixture.run();
    EXPECT_EQ(fixture.retain_losses()[0], 0) << method;
    if (method == std::string("dpo")) EXPECT_NEAR(fixture.losses()[0], std::log(2.0), 1e-6);
    EXPECT_GT(fixture.retain_losses()[5], 0) << method;
  }
}

TEST(Retention, HoldsThePolicyToTheBase) {
  std::vector<double> divergences;
  for (const double weight : {0.0, 20.0}) {
    RetainFixture fixture("held");
    fixture.options.retain_weight = weight;
    fixture.options.max_steps = 40;
    fixture.run();
    divergences.push_back(fixture.retain_losses().back());
  }
  EXPECT_LT(divergences[1], 0.2 * divergences[0]);
}

// A weight of zero changes no bit of what is trained, with an adapter or without: the base that is put in and
// taken out leaves the policy as it was.
TEST(Retention, MeasuringItLeavesThePolicyAsItIs) {
  for (const bool adapter : {true, false}) {
    RetainFixture with("with"), without("without");
    for (RetainFixture* fixture : {&with, &without}) {
      if (!adapter) fixture->train_all();
      fixture->options.retain_weight = 0;
    }
    without.job.further_records.clear();
    with.run();
    without.run();
    EXPECT_EQ(with.losses(), without.losses());
    EXPECT_EQ(with.retain_losses()[0], 0);
    EXPECT_GT(with.retain_losses()[5], with.retain_losses()[1]);
  }
}

// Of the same texts in file order: those of the first batch of an SFT run that moves nothing.
TEST(Retention, NllIsThatOfTheTextsAndTheLossIncludesIt) {
  RetainFixture fixture("nll");
  TrainFixture sft("nll_sft");
  sft.job.records.texts = retained_texts();
  sft.options.batch_size = 2;
  for (TrainFixture* one : {static_cast<TrainFixture*>(&fixture), &sft}) {
    one->options.no_shuffle = true;
    one->options.learning_rate = 0;
    one->options.max_steps = 2;
  }
  fixture.options.retain_kind = "nll";
  fixture.options.retain_weight = 3;
  fixture.run();
  sft.run();
  EXPECT_THAT(fixture.retain_losses(), Pointwise(DoubleNear(1e-5), sft.losses()));
  EXPECT_NEAR(fixture.losses()[0], std::log(2.0) + 3 * sft.losses()[0], 1e-5);
}

// Σ p·(log p − log q) over the vocabulary at each place that predicts a label, all probabilities at once.
TEST(Retention, TheDivergenceIsThatOfTheWholeDistributions) {
  TrainFixture fixture("oracle");
  const at::NoGradGuard no_grad;
  lora_of(fixture.decoder.projection())->b.copy_(random_tensor({8, 2}, Rng(6)));
  const std::vector<TrainRow> rows = {{{{{1, 100, 101, 102, 2}, 0}}, ""}, {{{{1, 103, 100, 2}, 2}}, ""}};
  const PackedRows packed = pack(rows, std::vector<int64_t>{0, 1});
  set_lora_enabled(fixture.decoder, false);
  const ops::HeadRows base = label_heads(fixture.decoder, packed);
  set_lora_enabled(fixture.decoder, true);
  const at::Tensor sums = sequence_divergences(fixture.decoder, packed, base);
  const auto log_p = [](const ops::HeadRows& heads) {
    return at::log_softmax(at::matmul(heads.hidden.to(at::kDouble), heads.weight.to(at::kDouble).t()), -1);
  };
  const at::Tensor p = log_p(base), q = log_p(label_heads(fixture.decoder, packed));
  const at::Tensor kl = (at::exp(p) * (p - q)).sum(-1);
  EXPECT_EQ(kl.size(0), 4 + 2);
  EXPECT_NEAR(sums[0].item<double>(), kl.narrow(0, 0, 4).sum().item<double>(), 1e-6);
  EXPECT_NEAR(sums[1].item<double>(), kl.narrow(0, 4, 2).sum().item<double>(), 1e-6);
}

TEST(Retention, MicroBatchesOfOneEqualOneBatchOfEight) {
  std::vector<std::vector<double>> losses, retained;
  std::vector<std::vector<float>> weights;
  for (const int64_t batch_size : {1, 8}) {
    RetainFixture fixture("retain_batches");
    fixture.options.batch_size = batch_size;
    fixture.options.gradient_accumulation_steps = 8 / batch_size;
    fixture.run();
    losses.push_back(fixture.losses());
    retained.push_back(fixture.retain_losses());
    weights.push_back(fixture.adapter_values());
  }
  EXPECT_THAT(losses[1], Pointwise(DoubleNear(1e-5), losses[0]));
  EXPECT_THAT(retained[1], Pointwise(DoubleNear(1e-5), retained[0]));
  EXPECT_THAT(weights[1], Pointwise(FloatNear(1e-5), weights[0]));
}

// With all weights too: the copy of the base is made before the checkpoint is loaded.
TEST(Retention, GoingOnEndsWhereOneRunDoes) {
  for (const bool adapter : {true, false}) {
    RetainFixture straight("retain_straight"), first("retain_stopped");
    for (RetainFixture* fixture : {&straight, &first})
      if (!adapter) fixture->train_all();
    straight.run();
    first.options.max_steps = 3;
    first.run();
    RetainFixture second("unused");
    if (!adapter) second.train_all();
    second.job.output = first.job.output;
    second.job.resume = true;
    second.run();
    EXPECT_EQ(second.losses(), straight.losses());
    EXPECT_EQ(second.retain_losses(), straight.retain_losses());
  }
}

TEST(Retention, GoesWithEveryMethodAndIsNoPartOfEvaluation) {
  for (const std::string& method : method_names()) {
    if (method_row_kind(method) == RowKind::kLabelled) continue;  // their own test below
    RetainFixture fixture("every", method);
    fixture.options.eval_split = 0.25;
    fixture.options.max_steps = 2;
    fixture.run();
    for (const Json& row : fixture.metrics())
      EXPECT_EQ(row.contains("retain_loss"), row.at("split") == "train") << method;
  }
}

// KTO keeps its own rows in order; the texts it is held by are shuffled all the same.
TEST(Retention, TextsAreShuffledWhateverTheMethod) {
  const auto loss = with_retention(find_entry(losses(), "method", "kto").make(), "kl", 1);
  TrainerOptions options;
  EXPECT_FALSE(is_shuffled(options, *loss, 0));
  EXPECT_TRUE(is_shuffled(options, *loss, 1));
  options.no_shuffle = true;
  EXPECT_FALSE(is_shuffled(options, *loss, 1));
}

TEST(Retention, ItsTermHasADenominatorOfItsOwn) {
  const auto loss = with_retention(find_entry(losses(), "method", "kto").make(), "nll", 2);
  const TrainRow text{{{{1, 2, 3, 4}, 0}}, ""};
  TrainRow own{{{{1, 2}, 1}, {{1, 3}, 1}}, ""};
  EXPECT_THAT(loss->num_items(0, own), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(loss->num_items(1, text), ElementsAre(3));
  EXPECT_THROW(with_retention(find_entry(losses(), "method", "kto").make(), "cosine", 1), Error);
}

// No log-prob of the reference is asked for, so none is kept.
TEST(Retention, OfTextsKeepsNoReferenceLogProbs) {
  RetainFixture fixture("retain_sft", "sft");
  EXPECT_FALSE(fixture.run().reference.has_value());
  EXPECT_FALSE(fs::exists(fixture.job.output / "reference"));
}

}  // namespace
}  // namespace xlt
