// SPDX-License-Identifier: Apache-2.0
// The loop on a decoder of two matrices.
#include "train/train_testing.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/checkpoint/adapter.h"

namespace xlt {
namespace {

TEST(Training, LowersTheLossOfTexts) {
  TrainFixture fixture("sft");
  fixture.job.records.texts = letter_texts(8);
  fixture.options.max_steps = 40;
  const TrainResult result = fixture.run();
  const auto losses = fixture.losses();
  EXPECT_EQ(result.steps, 40);
  EXPECT_EQ(losses.size(), 40u);
  EXPECT_LT(losses.back(), losses.front() - 0.5);
  EXPECT_EQ(result.final_loss, losses.back());
  EXPECT_TRUE(std::isnan(result.best_eval_loss));
}

TEST(Training, DpoBeginsAtLog2AndLearnsThePreference) {
  TrainFixture fixture("dpo");
  fixture.options.method = "dpo";
  fixture.job.records.pairs = letter_pairs(6);
  for (PreferenceRecord& pair : fixture.job.records.pairs) pair.chosen = "ded", pair.rejected = "gfg";
  fixture.options.max_steps = 40;
  fixture.options.batch_size = 3;
  fixture.run();
  const auto rows = fixture.metrics();
  EXPECT_NEAR(rows.front().at("loss").get<double>(), std::log(2.0), 1e-6);
  EXPECT_EQ(rows.front().at("rewards/margins"), 0.0);
  EXPECT_GT(rows.back().at("rewards/margins").get<double>(), 0.1);
  EXPECT_EQ(rows.back().at("rewards/accuracies"), 1.0);
}

TEST(Training, WritesEveryFieldOfARow) {
  TrainFixture fixture("fields");
  fixture.options.method = "dpo";
  fixture.options.learning_rate = -1;
  fixture.job.records.pairs = {{"xy", "cd", "e", "p:1"}, {"xy", "f", "gh", "p:2"}};
  fixture.options.max_steps = 2;
  fixture.run();
  const Json row = fixture.metrics().back();
  for (const char* name : {"step", "epoch", "split", "loss", "learning_rate", "grad_norm", "num_tokens",
                           "seconds", "rewards/chosen", "rewards/rejected", "rewards/margins",
                           "rewards/accuracies", "logps/chosen", "logps/rejected"})
    EXPECT_TRUE(row.contains(name)) << name;
  EXPECT_DOUBLE_EQ(row.at("learning_rate").get<double>(), 1e-5);  // TRL's default for all weights, times 10
  // Rows of 6 + 5 and 5 + 6 tokens, seen twice.
  EXPECT_EQ(row.at("num_tokens"), 44);
  EXPECT_EQ(row.at("epoch"), 2.0);
}

TEST(Training, TheDefaultLearningRateSuitsWhatIsTrained) {
  for (const bool adapter : {true, false}) {
    TrainFixture fixture("rates");
    if (!adapter) {
      fixture.decoder.projection().detach_adapter();
      train_all_weights(fixture.decoder);
      fixture.job.adapter_only = false;
    }
    fixture.options.learning_rate = -1;
    fixture.options.max_steps = 1;
    fixture.job.records.texts = letter_texts(4);
    fixture.run();
    EXPECT_DOUBLE_EQ(fixture.metrics().front().at("learning_rate").get<double>(), adapter ? 2e-4 : 2e-5);
  }
}

TEST(Training, ALearningRateOfZeroMovesNothing) {
  TrainFixture fixture("rate_zero");
  fixture.options.learning_rate = 0;
  fixture.job.records.texts = letter_texts(4);
  fixture.options.max_steps = 2;
  const std::vector<float> before = fixture.adapter_values();
  fixture.run();
  EXPECT_EQ(fixture.metrics().back().at("learning_rate"), 0.0);
  EXPECT_EQ(fixture.adapter_values(), before);
}

// 40 letters with BOS and EOS in rows of at most 12: 41 / 11 → 4 rows a text; 2 of 8 texts are held out.
TEST(Training, F10SplitTextsMakeRowsOfBothSplits) {
  TrainFixture fixture("split_texts");
  fixture.job.records.texts.assign(8, {true, "", std::string(40, 'c'), "texts.jsonl:1"});
  fixture.options.max_length = 12;
  fixture.options.long_texts = "split";
  fixture.options.eval_split = 0.25;
  fixture.options.batch_size = 1;
  EXPECT_EQ(fixture.run().steps, 6 * 4);
  EXPECT_EQ(fixture.metrics().back().at("num_tokens"), 6 * (41 + 4));
  fixture.options.method = "dpo";
  EXPECT_THROW(fixture.options.check_combination(), Error);
}

TEST(Training, EveryMethodLearns) {
  for (const std::string& method : method_names()) {
    TrainFixture fixture("method");
    fixture.options.method = method;
    fixture.options.max_steps = 30;
    if (method_row_kind(method) == RowKind::kText) fixture.job.records.texts = letter_texts(8);
    if (method_row_kind(method) == RowKind::kPair) fixture.job.records.pairs = letter_pairs(8);
    if (method_row_kind(method) == RowKind::kLabelled)
      for (const SftRecord& text : letter_texts(8))
        fixture.job.records.labelled.push_back(
            {"xy", text.completion, fixture.job.records.labelled.size() % 2 == 0, text.place});
    fixture.run();
    EXPECT_LT(fixture.losses().back(), fixture.losses().front()) << method;
  }
}

TEST(Training, KtoNeedsABatchToCompareRowsIn) {
  TrainerOptions options;
  options.method = "kto";
  options.batch_size = 1;
  EXPECT_THROW(options.check_combination(), Error);
}

TEST(Training, WarnsOfLabelsThatAreAllAlike) {
  struct Lines : Log {
    std::string all;
    void write(LogLevel level, const std::string& line) override {
      if (level == LogLevel::kWarning) all += line + "\n";
    }
  } log;
  TrainFixture fixture("all_desirable");
  fixture.options.method = "kto";
  fixture.options.max_steps = 1;
  fixture.job.records.labelled = {{"xy", "c", true, "a:1"}, {"xy", "d", true, "a:2"}};
  for (const bool retains : {false, true}) {
    if (retains) fixture.job.further_records[kRetainSet].texts = letter_texts(2);
    fixture.job.output = fresh_folder("all_desirable");
    log.all.clear();
    fixture.run({&log});
    EXPECT_THAT(log.all, testing::HasSubstr("all 2 rows to train on are labelled true"));
  }
}

TEST(Training, PromptsThatLeaveNoRoomAreAnsweredWithWhatCutsThem) {
  TrainFixture fixture("no_room");
  fixture.options.method = "dpo";
  fixture.options.max_length = 4;
  fixture.job.records.pairs = {{"wxyz", "c", "d", "a:1"}};
  try {
    fixture.run();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), testing::HasSubstr("1 without room for an answer"));
    EXPECT_THAT(error.message(), testing::HasSubstr("--max-prompt-length"));
  }
}

TEST(Training, RowsToEvaluateOnMayBeGivenApart) {
  TrainFixture fixture("eval_apart");
  fixture.job.records.texts = letter_texts(6);
  fixture.job.eval_records.texts = {{true, "", "ccc", "eval:1"}, {true, "", "dd", "eval:2"}};
  fixture.options.eval_steps = 1;
  fixture.options.batch_size = 2;
  EXPECT_EQ(fixture.run().steps, 3);
  EXPECT_EQ(fixture.losses("eval").size(), 3u);
  fixture.options.eval_split = 0.5;
  EXPECT_THROW(fixture.run(), Error);  // both
}

TEST(Training, RowsAreCappedAfterTheSplitWhoseSeedIsItsOwn) {
  const auto steps_and_loss = [](int64_t seed, int64_t split_seed, int64_t most) {
    TrainFixture fixture("capped");
    fixture.job.records.texts = letter_texts(12);
    fixture.job.seed = seed;
    fixture.options.eval_split = 0.5;
    fixture.options.split_seed = split_seed;
    fixture.options.batch_size = 1;
    fixture.options.learning_rate = 0;
    fixture.options.max_train_rows = most;
    fixture.options.max_eval_rows = most;
    const int64_t steps = fixture.run().steps;
    return std::pair(steps, fixture.losses("eval").at(0));
  };
  EXPECT_EQ(steps_and_loss(1, -1, 0).first, 6);
  EXPECT_EQ(steps_and_loss(1, -1, 2).first, 2);
  // What is held out goes by split_seed alone where it is given.
  EXPECT_EQ(steps_and_loss(1, 7, 0).second, steps_and_loss(2, 7, 0).second);
  EXPECT_NE(steps_and_loss(1, -1, 0).second, steps_and_loss(2, -1, 0).second);
  EXPECT_NE(steps_and_loss(1, 7, 2).second, steps_and_loss(1, 7, 0).second);
}

TEST(Training, SizesThatMakeNoSenseAreRefusedAndExtremePacesAreNot) {
  TrainerOptions options;
  const auto visit = visit_of(options);
  for (const char* name : {"batch_size", "gradient_accumulation_steps"})
    EXPECT_THROW(set_option(visit, name, "9223372036854775807"), Error) << name;
  for (const char* rate : {"-0.5", "-2"}) EXPECT_THROW(set_option(visit, "learning_rate", rate), Error);
  for (const char* rate : {"-1", "0", "1e-3"}) EXPECT_NO_THROW(set_option(visit, "learning_rate", rate));
  TrainFixture fixture("paces");
  for (int64_t* pace :
       {&fixture.options.save_steps, &fixture.options.eval_steps, &fixture.options.logging_steps,
        &fixture.options.save_total_limit, &fixture.options.warmup_steps,
        &fixture.options.early_stopping_patience, &fixture.options.max_length})
    *pace = std::numeric_limits<int64_t>::max();
  fixture.options.eval_split = 0.5;
  fixture.options.lr_schedule = "linear";
  fixture.job.records.texts = letter_texts(8);
  fixture.options.max_steps = 2;
  EXPECT_EQ(fixture.run().steps, 2);
  EXPECT_EQ(fixture.losses("eval").size(), 1u);
}

TEST(Training, MicroBatchesOfOneEqualOneBatchOfEight) {
  for (const char* method : {"sft", "dpo"}) {
    TrainFixture small("small"), large("large");
    for (TrainFixture* fixture : {&small, &large}) {
      fixture->options.method = method;
      if (method_row_kind(method) == RowKind::kPair)
        fixture->job.records.pairs = letter_pairs(16);
      else
        fixture->job.records.texts = letter_texts(16);
      fixture->options.max_steps = 6;
    }
    small.options.batch_size = 1;
    small.options.gradient_accumulation_steps = 8;
    large.options.batch_size = 8;
    small.run();
    large.run();
    const auto a = small.losses(), b = large.losses();
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5) << method << ' ' << i;
    const auto x = small.adapter_values(), y = large.adapter_values();
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-5) << method;
  }
}

// Means per micro-batch would weigh a text of 2 labels as much as one of 9.
TEST(Training, SftIsTheMeanOverTheLabelsOfTheWholeStep) {
  TrainFixture fixture("mean");
  fixture.job.records.texts = {{true, "", "c", "a"}, {true, "", "ddddeeee", "b"}};
  fixture.options.max_steps = 1;
  fixture.options.batch_size = 1;
  fixture.options.gradient_accumulation_steps = 2;
  fixture.run();
  TrainFixture first("first"), second("second");
  first.job.records.texts = {fixture.job.records.texts[0]};
  second.job.records.texts = {fixture.job.records.texts[1]};
  for (TrainFixture* one : {&first, &second}) {
    one->options.max_steps = 1;
    one->run();
  }
  EXPECT_NEAR(fixture.losses()[0], (2 * first.losses()[0] + 9 * second.losses()[0]) / 11, 1e-5);
}

TEST(Training, LoggingStepsAverageTheStepsBetween) {
  TrainFixture every("every"), third("third");
  for (TrainFixture* fixture : {&every, &third}) {
    fixture->job.records.texts = letter_texts(8);
    fixture->options.max_steps = 4;
  }
  third.options.logging_steps = 3;
  every.run();
  third.run();
  const auto a = every.losses(), b = third.losses();
  ASSERT_EQ(b.size(), 2u);
  EXPECT_NEAR(b[0], (a[0] + a[1] + a[2]) / 3, 1e-9);
  EXPECT_NEAR(b[1], a[3], 1e-9);
  EXPECT_EQ(third.metrics()[0].at("step"), 3);
}

TEST(Training, KeepsTheBestAdapterAndStopsWithoutImprovement) {
  TrainFixture fixture("early");
  fixture.job.records.texts = letter_texts(10);
  fixture.options.eval_split = 0.3;
  fixture.options.eval_steps = 2;
  fixture.options.early_stopping_patience = 2;
  fixture.options.learning_rate = 0.6;  // soon too far
  fixture.options.max_steps = 200;
  const TrainResult result = fixture.run();
  const auto losses = fixture.losses("eval");
  const auto best = std::min_element(losses.begin(), losses.end());
  EXPECT_LT(result.steps, 200);
  EXPECT_EQ(result.best_eval_loss, *best);
  EXPECT_EQ(result.best_step, 2 * (best - losses.begin() + 1));
  EXPECT_EQ(result.steps, result.best_step + 4);  // two evaluations later
  // What the decoder now holds is the checkpoint of the best step, not of the last.
  const Adapter stored =
      load_adapter(fixture.job.output / "checkpoints" / str_cat("step-", result.best_step));
  EXPECT_TRUE(stored.modules.at("projection").b.equal(lora_of(fixture.decoder.projection())->b.detach()));
  const Adapter last = load_adapter(fixture.job.output / "checkpoints" / str_cat("step-", result.steps));
  EXPECT_FALSE(last.modules.at("projection").b.equal(stored.modules.at("projection").b));
}

TEST(Training, EvaluatesAtTheEndInAnyCase) {
  TrainFixture fixture("at_end");
  fixture.job.records.texts = letter_texts(10);
  fixture.options.eval_split = 0.2;
  fixture.options.max_steps = 3;
  const TrainResult result = fixture.run();
  EXPECT_EQ(fixture.losses("eval").size(), 1u);
  EXPECT_EQ(result.best_step, 3);
}

TEST(Training, EvaluationDoesNotDependOnTheBatchSize) {
  std::vector<double> losses;
  for (const int64_t batch_size : {1, 5}) {
    TrainFixture fixture("eval_batch");
    fixture.job.records.texts = letter_texts(12);
    fixture.options.eval_split = 0.5;
    fixture.options.batch_size = batch_size;
    fixture.options.gradient_accumulation_steps = batch_size == 1 ? 5 : 1;
    fixture.options.max_steps = 1;
    fixture.run();
    losses.push_back(fixture.losses("eval").at(0));
  }
  EXPECT_NEAR(losses[0], losses[1], 1e-6);
}

TEST(Training, ADropoutMaskIsTheSameInEveryRunAndAbsentInDpo) {
  std::vector<std::vector<double>> losses;
  for (const double dropout : {0.5, 0.5, 0.0}) {
    TrainFixture fixture("dropout", dropout);
    fixture.job.records.texts = letter_texts(8);
    fixture.options.max_steps = 5;
    fixture.run();
    losses.push_back(fixture.losses());
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_NE(losses[0], losses[2]);
  losses.clear();
  for (const double dropout : {0.5, 0.0}) {
    TrainFixture fixture("dropout", dropout);
    fixture.options.method = "dpo";
    fixture.job.records.pairs = letter_pairs(8);
    fixture.options.max_steps = 5;
    fixture.run();
    losses.push_back(fixture.losses());
  }
  EXPECT_EQ(losses[0], losses[1]);
}

TEST(Training, MicroBatchesOfOneEqualOneBatchOfEightWithDropoutOn) {
  std::vector<std::vector<double>> losses;
  std::vector<std::vector<float>> weights;
  for (const int64_t batch_size : {1, 8, 4}) {
    TrainFixture fixture("dropout_batches", /*dropout=*/0.5);
    fixture.job.records.texts = letter_texts(24);
    fixture.options.batch_size = batch_size;
    fixture.options.gradient_accumulation_steps = 8 / batch_size;
    fixture.options.max_steps = 6;
    fixture.run();
    losses.push_back(fixture.losses());
    weights.push_back(fixture.adapter_values());
  }
  for (const size_t i : {1u, 2u}) {
    EXPECT_THAT(losses[i], testing::Pointwise(testing::DoubleNear(1e-5), losses[0]));
    EXPECT_THAT(weights[i], testing::Pointwise(testing::FloatNear(1e-5), weights[0]));
  }
}

TEST(Training, GradientCheckpointingGivesTheSameBits) {
  for (const char* method : {"sft", "dpo"}) {
    std::vector<std::vector<double>> losses;
    std::vector<std::vector<float>> weights;
    std::vector<int64_t> layers;
    for (const bool checkpointing : {false, true}) {
      TrainFixture fixture("checkpointing", /*dropout=*/0.3);
      fixture.options.method = method;
      fixture.options.gradient_checkpointing = checkpointing;
      fixture.job.records.pairs = letter_pairs(method == std::string("dpo") ? 16 : 0);
      fixture.job.records.texts = letter_texts(method == std::string("dpo") ? 0 : 16);
      fixture.options.max_steps = 8;
      fixture.run();
      losses.push_back(fixture.losses());
      weights.push_back(fixture.adapter_values());
      layers.push_back(fixture.decoder.num_layers_run);
    }
    EXPECT_EQ(layers[1], layers[0] + 8) << method;  // the policy's, once more in each of 8 backward passes
    EXPECT_EQ(losses[0], losses[1]) << method;
    EXPECT_EQ(weights[0], weights[1]) << method;
  }
}

TEST(Training, NamesStepAndRowWhereALossIsNotFinite) {
  TrainFixture fixture("nan");
  fixture.job.records.texts = {{true, "", "cc", "texts.jsonl:1"}, {true, "", "zz", "texts.jsonl:2"}};
  fixture.options.no_shuffle = true;
  fixture.options.max_steps = 2;
  fixture.options.batch_size = 2;
  fixture.decoder.embedding()['z'].fill_(std::nan(""));
  try {
    fixture.run();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerics);
    EXPECT_EQ(error.context(), "texts.jsonl:2");
    EXPECT_THAT(error.message(), testing::HasSubstr("step 1"));
  }
}

TEST(Training, ASplitThatLeavesNothingToTrainOnIsADataError) {
  TrainFixture fixture("too_small");
  fixture.job.records.texts = letter_texts(1);
  fixture.options.eval_split = 0.5;
  try {
    fixture.run();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
  }
}

TEST(Training, OptionsThatDoNotGoTogetherAreAUsageError) {
  TrainerOptions options;
  options.eval_steps = 10;
  EXPECT_THROW(options.check_combination(), Error);
  options.eval_split = 0.1;
  EXPECT_NO_THROW(options.check_combination());
  options.max_prompt_length = options.max_length;
  EXPECT_THROW(options.check_combination(), Error);
  options = {};
  options.pair_tokenization = "trl_0_8";
  options.max_length = 128;  // the prompt's share alone, where no other is given
  EXPECT_THROW(options.check_combination(), Error);
  options.max_prompt_length = 64;
  EXPECT_NO_THROW(options.check_combination());
}

TEST(Training, TrainsAllWeightsWithoutAnAdapter) {
  TrainFixture fixture("all_weights");
  fixture.decoder.projection().detach_adapter();
  train_all_weights(fixture.decoder);
  fixture.job.adapter_only = false;
  fixture.job.records.texts = letter_texts(8);
  fixture.options.max_steps = 20;
  fixture.run();
  EXPECT_LT(fixture.losses().back(), fixture.losses().front() - 0.5);
  EXPECT_TRUE(fs::exists(fixture.job.output / "checkpoints/step-20/model.safetensors"));
}

}  // namespace
}  // namespace xlt
