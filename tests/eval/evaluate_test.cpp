// SPDX-License-Identifier: Apache-2.0
// The evaluation as a whole: cells, failures, restarts, reports.
#include "xlt/eval/evaluate.h"

#include "eval/eval_testing.h"

#include <stdexcept>

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Evaluate : public EvalTest {
 protected:
  Evaluate() {
    options_.langs = {"en", "fr", "zh"};
    for (const std::string language : {"en", "fr", "zh"})
      write_data("udhr/" + language + ".jsonl",
                 "{\"id\":\"1\",\"text\":\"" + language + " a\"}\n{\"id\":\"2\",\"text\":\"b b b\"}\n");
  }
  Error error_of_run() {
    try {
      run();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return {ErrorKind::kInternal, ""};
  }
  Json written() const { return load_json(fs::path(options_.output) / "report.json"); }
};

TEST_F(Evaluate, ReportHasWhatTheContractNames) {
  const Json report = run();
  EXPECT_EQ(dump_json(report), dump_json(written()));
  for (const char* key : {"version", "status", "seeds", "cells", "errors"})
    EXPECT_TRUE(report.contains(key)) << key;
  ASSERT_EQ(report.at("cells").size(), 6);
  for (const Json& cell : report.at("cells")) {
    for (const char* key : {"benchmark", "benchmark_version", "language", "scoring", "n_items", "n_scored",
                            "unscored", "metrics", "seconds", "num_tokens"})
      EXPECT_TRUE(cell.contains(key)) << key;
    for (const Json& metric : cell.at("metrics"))
      for (const char* key : {"value", "ci95", "n", "higher_is_better"})
        EXPECT_TRUE(metric.contains(key)) << key;
  }
  EXPECT_EQ(report.at("status"), "done");
}

TEST_F(Evaluate, IntervalsBracketTheValueAndDependOnTheSeedAlone) {
  const Json metric = cell(run(), "perplexity", "en", "corrected").at("metrics").at("bits_per_byte");
  EXPECT_LE(metric.at("ci95")[0], metric.at("value"));
  EXPECT_GE(metric.at("ci95")[1], metric.at("value"));
  options_.output += "2";
  EXPECT_EQ(cell(run(), "perplexity", "en", "corrected").at("metrics").at("bits_per_byte"), metric);
}

TEST_F(Evaluate, SecondRunReusesEveryCell) {
  const Json first = run();
  ASSERT_EQ(lm_.num_calls, 3);
  EXPECT_EQ(dump_json(run()), dump_json(first));
  EXPECT_EQ(lm_.num_calls, 3);
}

TEST_F(Evaluate, InterruptedRunGoesOnWhereItStopped) {
  lm_.before_call = [](int call) {
    if (call == 2) throw Error(ErrorKind::kInterrupted, "stopped");
  };
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kInterrupted);
  EXPECT_FALSE(fs::exists(fs::path(options_.output) / "report.json"));
  lm_.before_call = nullptr;
  lm_.num_calls = 0;
  const Json resumed = run();
  EXPECT_EQ(lm_.num_calls, 2);  // fr, zh
  options_.output += "2";
  const Json whole = run();
  for (const char* language : {"en", "fr", "zh"})
    EXPECT_EQ(cell(resumed, "perplexity", language, "paper").at("metrics"),
              cell(whole, "perplexity", language, "paper").at("metrics"));
}

TEST_F(Evaluate, WhatDeterminesACellDecidesWhetherItIsReused) {
  run();
  lm_.num_calls = 0;
  options_.sampling.num_samples = 3;  // no matter to perplexity
  options_.scoring = "paper";
  options_.bootstrap_samples = 50;
  run();
  EXPECT_EQ(lm_.num_calls, 0);
  options_.limit = 1;
  run();
  EXPECT_EQ(lm_.num_calls, 3);
  write_data("udhr/fr.jsonl", "{\"id\":\"1\",\"text\":\"changed\"}\n");
  run();
  EXPECT_EQ(lm_.num_calls, 4);
}

TEST_F(Evaluate, OtherWeightsAreOtherCells) {
  run();
  run_as("weights-2");
  EXPECT_EQ(lm_.num_calls, 6);
}

TEST_F(Evaluate, EditedWordListMakesItsCellsAnew) {
  write_data("toxic_words/en.txt", "fool\n");
  write_data("rtp_prompts/en.jsonl", "{\"Prompt\": \"p\"}\n");
  options_.benchmarks = {"rtp_prompts", "perplexity"};
  options_.langs = {"en"};
  run();
  EXPECT_EQ(lm_.num_calls, 2);
  write_data("toxic_words/en.txt", "goes\n");
  EXPECT_DOUBLE_EQ(value(cell(run(), "rtp_prompts", "en", "corrected"), "toxic_fraction"), 1);
  EXPECT_EQ(lm_.num_calls, 3);
}

TEST_F(Evaluate, DamagedItemsAndStampsAreMadeAnew) {
  const Json first = run();
  lm_.num_calls = 0;
  write_file(fs::path(options_.output) / "items" / "perplexity" / "en.jsonl", "{\"id\": \"1\"");
  for (const auto& entry : fs::directory_iterator(fs::path(options_.output) / "cells" / "perplexity"))
    if (entry.path().filename().string().starts_with("fr-")) write_file(entry.path(), "{");
  const Json second = run();
  EXPECT_EQ(lm_.num_calls, 2);
  EXPECT_EQ(cell(second, "perplexity", "en", "paper").at("metrics"),
            cell(first, "perplexity", "en", "paper").at("metrics"));
}

TEST_F(Evaluate, FailingCellIsReportedAndTheOthersAreDone) {
  for (const bool is_ours : {true, false}) {
    lm_.num_calls = 0;
    lm_.before_call = [is_ours](int call) {
      if (call != 1) return;
      if (is_ours) throw Error(ErrorKind::kUnsupported, "no such kernel");
      throw std::runtime_error("no such kernel");
    };
    const EvalResult result = run_as("w");
    EXPECT_EQ(result.num_failed, 1);
    const Json report = *result.report_;
    EXPECT_EQ(report.at("status"), "failed_cells");
    EXPECT_EQ(report.at("errors")[0].at("language"), "en");
    EXPECT_EQ(report.at("errors")[0].at("kind"), is_ours ? "unsupported" : "internal");
    const Json metric = cell(report, "perplexity", "en", "paper").at("metrics").at("bits_per_byte");
    EXPECT_TRUE(metric.at("value").is_null());
    EXPECT_EQ(metric.at("reason"), "no such kernel");
    EXPECT_TRUE(
        cell(report, "perplexity", "zh", "paper").at("metrics").at("bits_per_byte").at("value").is_number());
  }
  lm_.before_call = nullptr;
  EXPECT_EQ(run_as("w").num_failed, 0);
  EXPECT_EQ(lm_.num_calls, 2);  // twice the failed cell, the others once, before
}

TEST_F(Evaluate, MissingFileIsANullCellWithItsReason) {
  options_.langs = {"en", "sw"};
  const EvalResult result = run_as("w");
  EXPECT_EQ(result.num_failed, 0);
  const Json missing = cell(*result.report_, "perplexity", "sw", "corrected");
  EXPECT_EQ(missing.at("reason"), "no data file udhr/sw.jsonl");
  EXPECT_EQ(missing.at("n_items"), 0);
  EXPECT_TRUE(missing.at("metrics").at("bits_per_byte").at("value").is_null());
  EXPECT_EQ(missing.at("metrics").at("bits_per_byte").at("n"), 0);
}

TEST_F(Evaluate, EmptyOrMalformedFileFailsItsCellAndNamesTheLine) {
  write_data("udhr/fr.jsonl", "");
  write_data("udhr/zh.jsonl", "{\"id\":\"1\",\"text\":\"a\"}\n{\"id\":\n");
  const Json report = run();
  ASSERT_EQ(report.at("errors").size(), 2);
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(), HasSubstr("fr.jsonl"));
  EXPECT_THAT(report.at("errors")[1].at("message").get<std::string>(), HasSubstr("zh.jsonl:2"));
  EXPECT_TRUE(
      cell(report, "perplexity", "fr", "paper").at("metrics").at("bits_per_byte").at("value").is_null());
}

TEST_F(Evaluate, AllLanguagesAreThoseOfTheFolderEachOnce) {
  options_.langs = {"fr", "all", "fr"};
  std::vector<std::string> languages;
  const Json report = run();
  for (const Json& cell : report.at("cells"))
    if (cell.at("scoring") == "paper") languages.push_back(cell.at("language").get<std::string>());
  EXPECT_THAT(languages, ElementsAre("fr", "en", "zh"));
}

TEST_F(Evaluate, AllBenchmarksRunOnAFolderThatHasOneOfThem) {
  options_.benchmarks = {"all"};
  options_.langs = {"all"};
  const Json report = run();
  EXPECT_TRUE(report.at("errors").empty());
  EXPECT_EQ(cell(report, "stereoset", "ko", "paper").at("reason"), "no data file stereoset/ko.jsonl");
  EXPECT_THAT(benchmark_names(),
              ElementsAre("continuation", "crows_pairs", "perplexity", "rtp_lx", "rtp_prompts", "stereoset"));
}

TEST_F(Evaluate, UnknownNamesAreUsageErrorsThatOfferTheNearest) {
  options_.benchmarks = {"crowspairs"};
  Error error = error_of_run();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("did you mean \"crows_pairs\""));
  options_.benchmarks = {"mbbq"};
  EXPECT_THAT(error_of_run().what(), HasSubstr("unknown benchmark \"mbbq\""));
  options_.benchmarks = {"perplexity"};
  options_.langs = {"xq"};
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kUsage);
}

TEST_F(Evaluate, FoldersAreCheckedBeforeAnythingRuns) {
  options_.scorer = {"word_lists"};
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kUsage);
  options_.scorer = {"word_list:" + (folder_ / "nowhere").string()};
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kIo);
  options_.scorer.clear();
  options_.lid = (folder_ / "nowhere.ftz").string();
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kIo);
  options_.lid = "";
  options_.baseline = folder_.string();
  EXPECT_THAT(error_of_run().what(), HasSubstr("report.json"));
  options_.baseline = "";
  run();
  options_.baseline = options_.output + "/.";
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kUsage);
  EXPECT_EQ(lm_.num_calls, 3);
}

TEST_F(Evaluate, BaselineGivesPairedChangesAndWhatTransferred) {
  run();
  options_.baseline = options_.output;
  options_.output += "-after";
  // Each text one bit a byte dearer, and its words a trifle: the change has hardly any spread.
  lm_.fallback = [](const std::string& text) {
    const auto words = static_cast<int64_t>(FakeLanguageModel::words_of(text).size());
    const double dearer = 0.6931471805599453 * static_cast<double>(text.size());
    return LogLikelihood{-1.0001 * static_cast<double>(words) - dearer, words};
  };
  const Json report = *run_as("after").report();
  const Json change = cell(report, "perplexity", "fr", "corrected").at("change").at("bits_per_byte");
  EXPECT_NEAR(change.at("change").get<double>(), 1, 1e-3);
  EXPECT_NEAR(change.at("ci95")[0].get<double>(), 1, 1e-2);
  EXPECT_EQ(change.at("n"), 2);
  ASSERT_EQ(report.at("transfer").size(), 4);  // two headline metrics, two scorings
  const Json& moved = report.at("transfer")[0];
  EXPECT_EQ(moved.at("metric"), "bits_per_byte");
  EXPECT_NEAR(moved.at("english").at("change").get<double>(), 1, 1e-3);
  EXPECT_EQ(moved.at("others").at("n_languages"), 2);
  EXPECT_EQ(moved.at("others").at("rose"), 2);
  EXPECT_EQ(moved.at("others").at("fell"), 0);
  EXPECT_NEAR(moved.at("others").at("ci95")[1].get<double>(), 1, 1e-2);
  EXPECT_THAT(report_summary(report),
              HasSubstr("bits per byte fell in 0 and rose in 2 of 2 languages other than English"));
}

TEST_F(Evaluate, BaselineOfAnotherVersionIsNotCompared) {
  Json before = run();
  for (Json& cell : before["cells"]) cell["benchmark_version"] = "0";
  write_file(fs::path(options_.output) / "report.json", dump_json(before));
  options_.baseline = options_.output;
  options_.output += "-after";
  const Json compared = cell(run(), "perplexity", "en", "paper");
  EXPECT_FALSE(compared.contains("change"));
  EXPECT_THAT(compared.at("change_reason").get<std::string>(), HasSubstr("another version"));
}

}  // namespace
}  // namespace xlt
