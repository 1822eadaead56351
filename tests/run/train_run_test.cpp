// SPDX-License-Identifier: Apache-2.0
// One training run: what it leaves behind, and what the same command does a second time.
#include "xlt/run/train_run.h"

#include "run/run_testing.h"

#include <atomic>

#include <gmock/gmock.h>

#include "xlt/base/lock.h"

namespace xlt {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

class TrainRun : public RunTest {};

TEST_F(TrainRun, FromNothingLeavesAModelWithItsTokenizer) {
  const Json summary = train(scratch_options("run"));
  EXPECT_EQ(summary.at("status"), "finished");
  EXPECT_EQ(summary.at("steps"), 2);
  EXPECT_EQ(summary.at("model"), path("run/model"));
  EXPECT_THAT(names_in(folder_ / "run"),
              UnorderedElementsAre("run.json", "metrics.jsonl", "checkpoints", "model"));
  EXPECT_THAT(names_in(folder_ / "run" / "model"),
              IsSupersetOf({"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}));
  const Json record = load_json(folder_ / "run" / "run.json");
  EXPECT_EQ(record.at("status"), "finished");
  EXPECT_EQ(record.at("num_rows"), 3);
  EXPECT_EQ(record.at("data")[0].at("sha256"), sha256_of_file(folder_ / "texts.jsonl"));
  EXPECT_EQ(record.at("result"), summary);
}

TEST_F(TrainRun, OfAnAdapterLeavesTheAdapterAlone) {
  const Json summary = train(adapter_options(make_model(), "run"));
  EXPECT_EQ(summary.at("adapter"), path("run/adapter"));
  const auto names = names_in(folder_ / "run" / "adapter");
  EXPECT_THAT(names, IsSupersetOf({"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"}));
  EXPECT_THAT(names, ::testing::Not(Contains("generation_config.json")));
}

TEST_F(TrainRun, TheSameCommandAgainGivesTheSameSummaryAndDoesNothing) {
  const Json first = train(scratch_options("run"));
  const std::string metrics = read_file(folder_ / "run" / "metrics.jsonl");
  LogLines log;
  EXPECT_EQ(train(scratch_options("run"), Context{&log}), first);
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("holds this run, finished; nothing to do")));
  EXPECT_EQ(read_file(folder_ / "run" / "metrics.jsonl"), metrics);
}

TEST_F(TrainRun, OtherOptionsInTheSameFolderAreRefused) {
  train(scratch_options("run"));
  auto other = scratch_options("run");
  other.trainer.learning_rate = 0.5;
  const Error error = error_of([&] { train(other); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("learning_rate"));
}

TEST_F(TrainRun, ThatIsStoppedSavesAndGoesOnToTheSameBytes) {
  train(scratch_options("whole"));
  const std::atomic<bool> stop{true};
  const Error error = error_of([&] { train(scratch_options("run"), Context{nullptr, nullptr, &stop}); });
  EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  train(scratch_options("run"));
  EXPECT_EQ(read_file(folder_ / "run" / "model" / "model.safetensors"),
            read_file(folder_ / "whole" / "model" / "model.safetensors"));
}

TEST_F(TrainRun, AFolderInUseIsRefusedAndLeftAsItIs) {
  fs::create_directories(folder_ / "run");
  const auto lock = take_lock(folder_ / "run" / kLockName, {"trains", folder_ / "run"}, {});
  EXPECT_EQ(error_of([&] { train(scratch_options("run")); }).kind(), ErrorKind::kUsage);
  EXPECT_THAT(names_in(folder_ / "run"), ElementsAre(kLockName));
}

TEST_F(TrainRun, CombinationsThatMakeNoSenseAreUsage) {
  const auto refused = [&](const std::function<void(TrainRunOptions&)>& change) {
    auto options = scratch_options("run");
    change(options);
    const Error error = error_of([&] { train(options); });
    EXPECT_FALSE(fs::exists(folder_ / "run"));
    return error;
  };
  EXPECT_THAT(refused([](auto& o) { o.model = "m"; }).what(), HasSubstr("one of them"));
  EXPECT_THAT(refused([](auto& o) { o.model_config.clear(); }).what(), HasSubstr("--model DIR"));
  EXPECT_THAT(refused([](auto& o) { o.tokenizer.clear(); }).what(), HasSubstr("--tokenizer DIR"));
  EXPECT_THAT(refused([](auto& o) { o.adapter.adapter = "lora"; }).what(), HasSubstr("--adapter"));
  EXPECT_THAT(refused([](auto& o) { o.adapter.init_adapter = "a"; }).what(), HasSubstr("--init-adapter"));
  EXPECT_EQ(refused([](auto& o) { o.data = "none.jsonl"; }).kind(), ErrorKind::kIo);
}

TEST_F(TrainRun, AFileThatIsGivenTwiceIsWarnedOf) {
  TrainRunOptions options = scratch_options("run");
  options.data = path("texts.jsonl") + "," + path("./texts.jsonl");
  LogLines log;
  train(options, Context{&log});
  EXPECT_THAT(log.lines, Contains(HasSubstr("./texts.jsonl: is given more than once")));
  EXPECT_EQ(load_json(folder_ / "run" / "run.json").at("num_rows"), 6);
}

TEST(AfterTraining, SaysWhatHappenedAndWhatToRunNext) {
  TrainRunOptions options;
  options.trainer.method = "dpo";
  options.model = "models/m";
  options.output = "runs/a";
  const Json adapter = {{"steps", 40},           {"seconds", 3725.9}, {"loss", 0.61234},
                        {"best_eval_loss", 0.5}, {"best_step", 30},   {"adapter", "runs/a/adapter"}};
  EXPECT_EQ(
      after_training(options, adapter),
      "Trained 40 steps by dpo in 1 h 2 min, loss 0.6123; kept: step 30, the lowest evaluation loss, 0.5.\n"
      "What it did in every language: xlt eval --model models/m --adapter runs/a/adapter --data data "
      "--output runs/a-eval");
  const Json model = {{"steps", 2},     {"seconds", 61.0},        {"loss", 2.5}, {"best_eval_loss", nullptr},
                      {"best_step", 0}, {"model", "runs/a/model"}};
  EXPECT_EQ(after_training(options, model),
            "Trained 2 steps by dpo in 1 min 1 s, loss 2.5.\n"
            "What it did in every language: xlt eval --model runs/a/model --data data --output runs/a-eval");
}

TEST_F(TrainRun, IsCheckedWithoutTraining) {
  Checks good, bad;
  check_training(scratch_options("run"), good);
  EXPECT_TRUE(good.all_ok());
  auto options = adapter_options(path("none"), "run");
  options.data = path("texts.jsonl");
  check_training(options, bad);
  std::vector<std::string> faults;
  for (const Check& check : bad.results())
    if (!check.ok) faults.push_back(check.what.substr(0, check.what.find(' ')));
  EXPECT_THAT(faults, UnorderedElementsAre("data", "model"));  // no tokenizer of a model that is not there
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

}  // namespace
}  // namespace xlt
