// SPDX-License-Identifier: Apache-2.0
// Stop and go on: the same bytes as without a stop.
#include "train/train_testing.h"

#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace xlt {
namespace {

void configure(TrainFixture& fixture, const std::string& method) {
  fixture.options.method = method;
  if (method == "dpo")
    fixture.job.records.pairs = letter_pairs(20);
  else
    fixture.job.records.texts = letter_texts(20);
  fixture.options.batch_size = 2;
  fixture.options.gradient_accumulation_steps = 2;
  fixture.options.max_steps = 12;
  fixture.options.eval_split = 0.2;
  fixture.options.eval_steps = 3;
  fixture.options.save_steps = 4;
  fixture.options.logging_steps = 2;
  fixture.options.lr_schedule = "linear";
  fixture.options.warmup_steps = 3;
}

std::vector<Json> without_seconds(std::vector<Json> rows) {
  for (Json& row : rows) row.erase("seconds");
  return rows;
}

void expect_same(const TrainFixture& a, const TrainFixture& b) {
  EXPECT_EQ(a.adapter_values(), b.adapter_values());
  EXPECT_EQ(without_seconds(a.metrics()), without_seconds(b.metrics()));
}

std::vector<std::string> checkpoint_names(const fs::path& run) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// Interrupts at the n-th forward pass, in training or in evaluation.
void run_interrupted(const std::string& folder, const std::string& method, int64_t forward) {
  TrainFixture fixture(folder, 0.3, /*clean=*/false);
  configure(fixture, method);
  fixture.job.resume = true;
  std::atomic<bool> interrupted = false;
  fixture.decoder.on_forward = [&] { interrupted = interrupted || fixture.decoder.num_forwards == forward; };
  Context context;
  context.interrupted_flag = &interrupted;
  EXPECT_TRUE(fixture.run(context).interrupted) << method << ' ' << forward;
}

TEST(Resume, AfterAnyInterruptionTheEndIsTheSame) {
  for (const char* method : {"sft", "dpo"}) {
    TrainFixture straight("straight", 0.3);
    configure(straight, method);
    straight.run();
    for (const int64_t forward : {1, 4, 7, 13, 25}) {
      fresh_folder("stopped");
      run_interrupted("stopped", method, forward);
      run_interrupted("stopped", method, 3);
      TrainFixture last("stopped", 0.3, /*clean=*/false);
      configure(last, method);
      last.job.resume = true;
      EXPECT_FALSE(last.run().interrupted);
      expect_same(straight, last);
    }
  }
}

// Run in a process of its own by the test below: dies inside the n-th forward pass, with whatever it has
// written by then.
TEST(Resume, DISABLED_ProcessThatIsKilled) {
  TrainFixture fixture("killed_process", 0.3);
  configure(fixture, "dpo");
  fixture.job.output = std::getenv("XLT_KILLED_RUN");
  fixture.job.resume = true;
  fixture.decoder.on_forward = [&] {
    if (fixture.decoder.num_forwards == std::atoll(std::getenv("XLT_KILLED_AT"))) raise(SIGKILL);
  };
  fixture.run();
}

void run_killed(const fs::path& run, int64_t forward) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("TMPDIR", scratch_folder().c_str(), 1);  // what it leaves behind goes with this process
    setenv("XLT_KILLED_RUN", run.c_str(), 1);
    setenv("XLT_KILLED_AT", std::to_string(forward).c_str(), 1);
    execl("/proc/self/exe", "train_test", "--gtest_filter=Resume.DISABLED_ProcessThatIsKilled",
          "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << forward;
}

TEST(Resume, AfterAKillTheEndIsTheSame) {
  TrainFixture straight("straight", 0.3);
  configure(straight, "dpo");
  straight.run();
  const fs::path run = fresh_folder("killed");
  for (const int64_t forward : {3, 12, 25})
    run_killed(run, forward);  // one after the other, on the same folder
  TrainFixture last("killed", 0.3, /*clean=*/false);
  configure(last, "dpo");
  last.job.resume = true;
  last.run();
  expect_same(straight, last);
}

TEST(Resume, AllWeightsGoOnToTheSameEnd) {
  const auto prepare = [](TrainFixture& fixture) {
    configure(fixture, "sft");
    fixture.decoder.projection().detach_adapter();
    train_all_weights(fixture.decoder);
    fixture.job.adapter_only = false;
    fixture.job.resume = true;
  };
  TrainFixture straight("all_straight");
  prepare(straight);
  straight.run();
  fresh_folder("all_stopped");
  for (const bool stops : {true, false}) {
    TrainFixture fixture("all_stopped", 0, /*clean=*/false);
    prepare(fixture);
    std::atomic<bool> interrupted = false;
    Context context;
    context.interrupted_flag = &interrupted;
    if (stops)
      fixture.decoder.on_forward = [&] { interrupted = interrupted || fixture.decoder.num_forwards == 13; };
    EXPECT_EQ(fixture.run(context).interrupted, stops);
    if (stops) continue;
    EXPECT_EQ(without_seconds(fixture.metrics()), without_seconds(straight.metrics()));
    const auto expected = straight.decoder.parameters(), weights = fixture.decoder.parameters();
    for (size_t i = 0; i < weights.size(); ++i)
      EXPECT_TRUE(weights[i].tensor->equal(*expected[i].tensor)) << weights[i].name;
  }
}

TEST(Resume, WithNothingSavedStartsFromTheBeginning) {
  TrainFixture fixture("nothing");
  configure(fixture, "sft");
  fixture.job.resume = true;
  EXPECT_EQ(fixture.run().steps, 12);
}

TEST(Resume, AFinishedRunIsLeftAsItIsAndMoreStepsGoOn) {
  TrainFixture first("more"), whole("whole");
  for (TrainFixture* fixture : {&first, &whole}) {
    fixture->job.records.texts = letter_texts(8);
    fixture->options.max_steps = 5;
  }
  first.run();
  TrainFixture again("more", 0, /*clean=*/false);
  again.job.records.texts = letter_texts(8);
  again.job.resume = true;
  again.options.max_steps = 5;
  EXPECT_EQ(again.run().steps, 5);
  EXPECT_EQ(again.decoder.num_forwards, 0);
  EXPECT_EQ(again.adapter_values(), first.adapter_values());
  again.options.max_steps = whole.options.max_steps = 9;
  again.run();
  whole.run();
  expect_same(whole, again);
}

TEST(Resume, WithoutTheFlagTheRunBeginsAnew) {
  TrainFixture first("anew");
  configure(first, "sft");
  first.run();
  TrainFixture second("anew", 0, /*clean=*/false);
  configure(second, "sft");
  second.options.max_steps = 2;
  second.run();
  EXPECT_EQ(second.metrics().back().at("step"), 2);
  EXPECT_THAT(checkpoint_names(second.job.output), testing::ElementsAre("step-2"));
}

TEST(Resume, RefusesOtherDataOrAnotherSeed) {
  TrainFixture first("other");
  configure(first, "sft");
  first.run();
  TrainFixture second("other", 0, /*clean=*/false);
  configure(second, "sft");
  second.job.resume = true;
  second.job.seed = 99;
  try {
    second.run();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.message(), testing::HasSubstr("seed"));
  }
}

// A run whose best step is not among its last.
void configure_overshooting(TrainFixture& fixture) {
  fixture.job.records.texts = letter_texts(10);
  fixture.options.eval_split = 0.3;
  fixture.options.eval_steps = 2;
  fixture.options.save_steps = 1;
  fixture.options.save_total_limit = 2;
  fixture.options.learning_rate = 0.6;
  fixture.options.max_steps = 40;
}

TEST(Checkpoints, TheNewestAndTheBestAreKept) {
  TrainFixture fixture("limit");
  configure_overshooting(fixture);
  const TrainResult result = fixture.run();
  ASSERT_LT(result.best_step, 39);
  std::vector<std::string> expected = {str_cat("step-", result.best_step), "step-39", "step-40"};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(checkpoint_names(fixture.job.output), expected);
}

// Its folder is gone, or was being replaced when a kill came.
TEST(Checkpoints, WithoutTheBestNothingIsRemovedAndWhatWasBeingReplacedIsBroughtBack) {
  TrainFixture first("no_best");
  configure_overshooting(first);
  const std::string best = str_cat("step-", first.run().best_step);
  const fs::path checkpoints = first.job.output / "checkpoints";
  const auto names = checkpoint_names(first.job.output);
  const auto go_on = [] {
    TrainFixture next("no_best", 0, /*clean=*/false);
    configure_overshooting(next);
    next.job.resume = true;
    next.run();
  };
  fs::rename(checkpoints / best, checkpoints / ("." + best + ".old-0123abcd-1-1-abcdef"));
  go_on();
  EXPECT_EQ(checkpoint_names(first.job.output), names);
  fs::remove_all(checkpoints / best);
  EXPECT_THROW(go_on(), Error);
  EXPECT_EQ(checkpoint_names(first.job.output).size(), names.size() - 1);
}

TEST(MetricsFile, ABrokenLastLineIsDropped) {
  TrainFixture fixture("broken");
  configure(fixture, "sft");
  fixture.run();
  const std::string before = read_file(fixture.job.output / "metrics.jsonl");
  write_file(fixture.job.output / "metrics.jsonl", before + "{\"step\":12,\"spl");
  TrainFixture again("broken", 0, /*clean=*/false);
  configure(again, "sft");
  again.job.resume = true;
  again.run();
  EXPECT_EQ(read_file(fixture.job.output / "metrics.jsonl"), before);
}

}  // namespace
}  // namespace xlt
