// SPDX-License-Identifier: Apache-2.0
// Several ranks train as one process does that takes all their micro-batches itself.
#include "parallel/thread_world.h"
#include "train/train_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

constexpr int64_t kMicroBatches = 6;  // of a step, of all ranks together, unless a test says otherwise

void configure(TrainFixture& fixture, const std::string& method, int64_t num_ranks,
               int64_t micro_batches = kMicroBatches) {
  fixture.options.method = method;
  if (method == "dpo")
    fixture.job.records.pairs = letter_pairs(23);
  else
    fixture.job.records.texts = letter_texts(23);
  fixture.options.batch_size = 2;  // 10 batches an epoch: its second step has fewer than there are ranks
  fixture.options.gradient_accumulation_steps = micro_batches / num_ranks;
  fixture.options.max_steps = 5;
  fixture.options.eval_split = 0.15;
  fixture.options.eval_steps = 2;
  fixture.options.save_steps = 2;
}

struct Outcome {
  TrainResult result;
  std::vector<float> adapter;
};

// As many ranks as a world has, in one folder; by rank.
std::vector<Outcome> train_on_ranks(int64_t num_ranks, const std::string& folder, const std::string& method,
                                    bool resume = false,
                                    const std::function<void(TrainFixture&, int64_t)>& prepare = {}) {
  if (!resume) fresh_folder(folder);
  std::vector<Outcome> outcomes(static_cast<size_t>(num_ranks));
  run_ranks(num_ranks, [&](World& world) {
    TrainFixture fixture(folder, 0.2, /*clean=*/false);
    configure(fixture, method, num_ranks);
    fixture.job.world = &world;
    fixture.job.resume = resume;
    if (prepare) prepare(fixture, world.rank());
    const std::atomic<bool> interrupted = fixture.job.base_model == "stopped";
    const TrainResult result = fixture.run(Context{nullptr, nullptr, &interrupted});
    outcomes[static_cast<size_t>(world.rank())] = {
        result, fixture.job.adapter_only ? fixture.adapter_values() : std::vector<float>()};
  });
  return outcomes;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
}

void expect_near(const std::vector<Json>& a, const std::vector<Json>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    for (const auto& [name, value] : a[i].items()) {
      if (name == "seconds") continue;
      ASSERT_TRUE(b[i].contains(name)) << name;
      if (value.is_number_float())
        EXPECT_NEAR(b[i].at(name).get<double>(), value.get<double>(), 1e-5) << name;
      else
        EXPECT_EQ(b[i].at(name), value) << name;
    }
}

class RanksThatTrain : public testing::TestWithParam<std::string> {};

TEST_P(RanksThatTrain, GiveTheTrajectoryOfOne) {
  TrainFixture alone("alone", 0.2);
  configure(alone, GetParam(), 1);
  const TrainResult expected = alone.run();
  for (const int64_t num_ranks : {1, 2, 3}) {
    const auto outcomes = train_on_ranks(num_ranks, "ranks", GetParam());
    TrainFixture written("ranks", 0, /*clean=*/false);  // for its metrics
    expect_near(alone.metrics(), written.metrics());    // rank 0 wrote, once
    for (const Outcome& outcome : outcomes) {
      expect_near(alone.adapter_values(), outcome.adapter);
      EXPECT_EQ(outcome.adapter, outcomes[0].adapter);  // the same bits on every rank
      EXPECT_EQ(outcome.result.steps, expected.steps);
      EXPECT_EQ(outcome.result.num_tokens, expected.num_tokens);
      EXPECT_EQ(outcome.result.best_step, expected.best_step);
    }
    if (num_ranks < 3) EXPECT_EQ(outcomes[0].adapter, alone.adapter_values());  // the same bits
  }
}

// With steps of fewer micro-batches than there are ranks at the end of an epoch.
TEST_P(RanksThatTrain, GiveTheSameBitsForEveryPowerOfTwo) {
  TrainFixture alone("alone", 0.2);
  configure(alone, GetParam(), 1, 8);
  alone.options.reference = "init";
  alone.run();
  for (const int64_t num_ranks : {2, 4, 8}) {
    const auto outcomes =
        train_on_ranks(num_ranks, "ranks", GetParam(), false, [&](TrainFixture& fixture, int64_t) {
          fixture.options.gradient_accumulation_steps = 8 / num_ranks;
          fixture.options.reference = "init";
        });
    EXPECT_EQ(outcomes[0].adapter, alone.adapter_values()) << num_ranks;
    TrainFixture written("ranks", 0, /*clean=*/false);
    const auto expected = alone.metrics(), metrics = written.metrics();
    ASSERT_EQ(metrics.size(), expected.size());
    for (size_t i = 0; i < metrics.size(); ++i)
      for (const auto& [name, value] : expected[i].items())
        if (name != "seconds") EXPECT_EQ(metrics[i].at(name), value) << name << " on " << num_ranks;
    if (GetParam() == "dpo") {
      EXPECT_EQ(outcomes[0].result.reference->computed, 23);  // of all ranks, each row once
      EXPECT_EQ(outcomes[0].result.reference->reused, 0);
    }
  }
}

// Without an adapter the reference's log-probs come before the first step, and the best weights go to all.
TEST_P(RanksThatTrain, TrainAllWeightsAlike) {
  const auto of_all = [](TrainFixture& fixture) {
    for (const NamedLinear& named : fixture.decoder.linears()) named.linear->detach_adapter();
    train_all_weights(fixture.decoder);
    fixture.job.adapter_only = false;
  };
  TrainFixture alone("alone", 0);
  configure(alone, GetParam(), 1, 4);
  of_all(alone);
  const TrainResult expected = alone.run();
  const auto outcomes = train_on_ranks(2, "ranks", GetParam(), false, [&](TrainFixture& fixture, int64_t) {
    fixture.options.gradient_accumulation_steps = 2;
    of_all(fixture);
  });
  EXPECT_EQ(outcomes[0].result.final_loss, expected.final_loss);
  EXPECT_EQ(outcomes[0].result.best_eval_loss, expected.best_eval_loss);
}

TEST(TrainRanks, OtherCutsOfAStepGoOnAndOtherSizesDoNot) {
  train_on_ranks(2, "cut", "sft", false,
                 [](TrainFixture& fixture, int64_t) { fixture.options.max_steps = 2; });
  const auto go_on = [](int64_t batch_size, int64_t accumulation) {
    train_on_ranks(2, "cut", "sft", /*resume=*/true, [&](TrainFixture& fixture, int64_t) {
      fixture.options.batch_size = batch_size;
      fixture.options.gradient_accumulation_steps = accumulation;
      fixture.options.max_steps = 3;
    });
  };
  std::string message;
  run_ranks(1, [&](World& world) {
    TrainFixture fixture("cut", 0.2, /*clean=*/false);
    configure(fixture, "sft", 1);
    fixture.options.gradient_accumulation_steps = 5;
    fixture.job.world = &world;
    fixture.job.resume = true;
    try {
      fixture.run();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      message = error.what();
    }
  });
  EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("12 rows"), testing::HasSubstr("10")));
  go_on(6, 1);
  go_on(1, 6);
}

TEST_P(RanksThatTrain, StopTogetherWhenOneIsInterruptedAndAnyNumberGoesOn) {
  TrainFixture alone("alone", 0.2);
  configure(alone, GetParam(), 1);
  alone.run();
  const auto stopped =
      train_on_ranks(3, "stopped", GetParam(), false, [](TrainFixture& fixture, int64_t rank) {
        if (rank == 1) fixture.job.base_model = "stopped";
      });
  for (const Outcome& outcome : stopped) EXPECT_TRUE(outcome.result.interrupted);
  for (const Outcome& outcome : train_on_ranks(2, "stopped", GetParam(), /*resume=*/true)) {
    EXPECT_FALSE(outcome.result.interrupted);
    expect_near(alone.adapter_values(), outcome.adapter);
  }
}

TEST(TrainRanks, AnErrorOnOneRankEndsAll) {
  fresh_folder("broken");
  std::atomic<int> thrown = 0;
  run_ranks(2, [&](World& world) {
    TrainFixture fixture("broken", 0, /*clean=*/false);
    configure(fixture, "sft", 2);
    fixture.job.world = &world;
    if (world.rank() == 1)
      fixture.decoder.on_forward = [] { throw Error(ErrorKind::kNumerics, "out of tune"); };
    try {
      fixture.run();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kNumerics);
      EXPECT_EQ(error.message(), "out of tune");
      ++thrown;
    }
  });
  EXPECT_EQ(thrown, 2);
}

INSTANTIATE_TEST_SUITE_P(Method, RanksThatTrain, testing::Values("sft", "dpo"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace xlt
