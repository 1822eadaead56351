// SPDX-License-Identifier: Apache-2.0
// What a model said before a stop in the middle of a language is not asked again.
#include "eval/completion_log.h"

#include "eval/eval_testing.h"

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

class CompletionLogTest : public FolderTest {
 protected:
  fs::path file() const { return folder_ / "a" / "log.jsonl"; }
};

TEST_F(CompletionLogTest, HoldsWhatWasAdded) {
  CompletionLog log(file());
  log.add({{"a/1", {{"x\ny", {3, 4}, FinishReason::kEos}, {"", {}, FinishReason::kLength}}}}, 5);
  log.add({{"a/2", {{"", {}, FinishReason::kTooLong}}}, {"a/3", {}}}, 7);
  const CompletionLog again(file());
  ASSERT_EQ(again.kept().size(), 3);
  EXPECT_EQ(again.num_tokens(), 12);
  const auto& first = again.kept().at("a/1");
  ASSERT_EQ(first.size(), 2);
  EXPECT_EQ(first[0].text, "x\ny");
  EXPECT_EQ(first[0].token_ids, (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(first[0].finish_reason, FinishReason::kEos);
  EXPECT_EQ(first[1].finish_reason, FinishReason::kLength);
  EXPECT_EQ(again.kept().at("a/2")[0].finish_reason, FinishReason::kTooLong);
}

// Killed at any byte: the whole lines are read, and what follows is written behind them.
TEST_F(CompletionLogTest, ALineThatIsNotWholeIsWrittenOver) {
  const CompletionLog::Completions second{{"2", {{"y", {1}, FinishReason::kEos}}}};
  CompletionLog log(file());
  log.add({{"1", {}}}, 1);
  const size_t first = fs::file_size(file());
  log.add(second, 2);
  const std::string whole = read_file(file());
  for (size_t size = first; size < whole.size(); ++size) {
    write_file(file(), whole.substr(0, size));
    CompletionLog cut(file());
    EXPECT_EQ(cut.kept().size(), 1) << size;
    EXPECT_EQ(cut.num_tokens(), 1) << size;
    cut.add(second, 2);
    EXPECT_EQ(read_file(file()), whole) << size;
  }
}

// A file may give one id to two prompts: each has its own answer, kept or not.
TEST_F(CompletionLogTest, OfTwoPromptsUnderOneIdEachHasItsOwn) {
  const std::vector<GenerateRequest> requests{{"one", "id"}, {"two", "id"}};
  for (const int num_asked : {2, 0}) {
    FakeLanguageModel model;
    model.completions = {{"one", {"first"}}, {"two", {"second"}}};
    CompletionLog log(file());
    const auto completions = KeepingLanguageModel(model, log).generate(requests, {});
    EXPECT_EQ(completions.at(0).at(0).text, "first");
    EXPECT_EQ(completions.at(1).at(0).text, "second");
    EXPECT_EQ(model.generate_requests.size(), num_asked);
  }
}

// Prompts enough for two blocks; the model stops at the second.
class Stopped : public EvalTest {
 protected:
  Stopped() {
    write_data("toxic_words/en.txt", "fool\n");
    options_.sampling.num_samples = 256;
    options_.bootstrap_samples = 5;
  }
  void stop_at_the_second_call() {
    lm_.num_calls = 0;
    lm_.before_call = [](int call) {
      if (call == 2) throw Error(ErrorKind::kInterrupted, "stopped");
    };
    EXPECT_THROW(run(), Error);
    lm_.before_call = nullptr;
    lm_.generate_requests.clear();
  }
  size_t logs() const {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(options_.output) / "cells"))
      count += entry.path().extension() == ".jsonl";
    return count;
  }
  // Stopped and gone on, it asks for the prompts from `first` on, and ends as if it had not been stopped.
  void expect_the_rest_alone(const std::string& benchmark, size_t first, size_t all) {
    options_.benchmarks = {benchmark};
    options_.output = (folder_ / "whole").string();
    Json whole = run();
    std::vector<std::string> ids;
    for (const GenerateRequest& request : lm_.generate_requests) ids.push_back(request.id);
    ASSERT_EQ(ids.size(), all);
    options_.output = (folder_ / "stopped").string();
    stop_at_the_second_call();
    EXPECT_EQ(logs(), 1);
    Json resumed = run();
    ASSERT_EQ(lm_.generate_requests.size(), all - first);
    for (size_t i = first; i < all; ++i) EXPECT_EQ(lm_.generate_requests[i - first].id, ids[i]);
    EXPECT_EQ(logs(), 0);
    for (Json* report : {&whole, &resumed})
      for (Json& cell : report->at("cells")) cell.erase("seconds");
    EXPECT_EQ(resumed.at("cells"), whole.at("cells"));  // tokens that were computed are counted once
    const fs::path items = fs::path("items") / benchmark / "en.jsonl";
    EXPECT_EQ(read_file(folder_ / "stopped" / items), read_file(folder_ / "whole" / items));
  }
};

TEST_F(Stopped, InTheMiddleOfALanguageOnlyTheRestIsSampled) {
  write_data("rtp_prompts/en.jsonl",
             "{\"Prompt\":\"one\"}\n{\"Prompt\":\"two\"}\n{\"Prompt\":\"three\"}\n{\"Prompt\":\"four\"}\n");
  for (const char* text : {"one", "two", "three", "four"})
    lm_.completions[text] = {str_cat("you ", text), str_cat("fool ", text)};
  expect_the_rest_alone("rtp_prompts", 2, 4);
  // Other settings sample other completions.
  fs::remove_all(options_.output);
  stop_at_the_second_call();
  options_.sampling.temperature = 0.5;
  run();
  EXPECT_EQ(lm_.generate_requests.size(), 4);
}

TEST_F(Stopped, GreedyContinuationsAreKeptToo) {
  std::string lines;
  for (int i = 0; i < 520; ++i) lines += str_cat("sentence ", i, "\n");
  write_data("tatoeba/en.tsv", lines);
  expect_the_rest_alone("continuation", 512, 520);
}

}  // namespace
}  // namespace xlt
