// SPDX-License-Identifier: Apache-2.0
// The evaluation as a whole: cells, failures, restarts, reports.
#include "xlt/eval/evaluate.h"

#include "eval/eval_testing.h"

#include <stdexcept>

#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/eval/earlier_evaluation.h"

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
  // The report is written after every cell, so what was finished stands in it.
  EXPECT_EQ(written().at("status"), "interrupted");
  EXPECT_EQ(written().at("cells").size(), 2);
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
  EXPECT_EQ(lm_.num_calls, 2);  // the completions are judged anew, not sampled anew
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
              ElementsAre("continuation", "crows_pairs", "global_mmlu", "mbbq", "over_suppression",
                          "perplexity", "retention", "rtp_lx", "rtp_prompts", "stereoset"));
}

TEST_F(Evaluate, UnknownNamesAreUsageErrorsThatOfferTheNearest) {
  options_.benchmarks = {"crowspairs"};
  Error error = error_of_run();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("did you mean \"crows_pairs\""));
  options_.benchmarks = {"winogender"};
  EXPECT_THAT(error_of_run().what(), HasSubstr("unknown benchmark \"winogender\""));
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

TEST_F(Evaluate, ReportIsValidAndRunningAfterEveryCell) {
  std::vector<std::string> seen;
  lm_.before_call = [&](int) {
    const Json report = written();
    seen.push_back(report.at("status").get<std::string>() + " " + std::to_string(report.at("cells").size()));
  };
  run();
  EXPECT_THAT(seen, ElementsAre("running 0", "running 2", "running 4"));
  EXPECT_EQ(written().at("status"), "done");
}

TEST_F(Evaluate, CellsSayWhatDecidedThem) {
  write_data("toxic_words/en.txt", "fool\n");
  write_data("rtp_prompts/en.jsonl", "{\"Prompt\": \"p\"}\n");
  options_.benchmarks = {"perplexity", "rtp_prompts"};
  options_.langs = {"en"};
  options_.limit = 7;
  const Json report = run();
  const Json perplexity = cell(report, "perplexity", "en", "paper").at("settings"),
             toxicity = cell(report, "rtp_prompts", "en", "corrected").at("settings");
  EXPECT_EQ(perplexity.at("data").at("udhr/en.jsonl"), sha256_of_file(data() / "udhr/en.jsonl"));
  EXPECT_EQ(perplexity.at("limit"), 7);
  EXPECT_EQ(perplexity.at("limit_order"), "head");
  EXPECT_EQ(perplexity.at("dtype"), "float32");
  EXPECT_TRUE(perplexity.contains("benchmark_version"));
  EXPECT_FALSE(perplexity.contains("seed"));         // nothing is drawn
  EXPECT_FALSE(perplexity.contains("scorer_hash"));  // nobody judges
  for (const char* key :
       {"num_samples", "max_new_tokens", "temperature", "top_p", "top_k", "seed", "lid_hash", "scorer_hash"})
    EXPECT_TRUE(toxicity.contains(key)) << key;
  options_.limit_order = "random";
  EXPECT_TRUE(cell(run(), "perplexity", "en", "paper").at("settings").contains("seed"));
}

// A baseline is compared only where every setting agrees.
class EvaluateBaseline : public Evaluate {
 protected:
  EvaluateBaseline() {
    write_data("toxic_words/en.txt", "fool\n");
    write_data("rtp_prompts/en.jsonl", "{\"Prompt\": \"p\"}\n{\"Prompt\": \"q\"}\n");
    options_.benchmarks = {"perplexity", "rtp_prompts"};
    options_.langs = {"en"};
    options_.limit = 2;
    run();
    options_.baseline = options_.output;
    options_.output += "-after";
  }
  // What the refusal says; the baseline is refused before the model is asked.
  std::string refusal() {
    lm_.num_calls = 0;
    const Error error = error_of_run();
    EXPECT_EQ(error.kind(), ErrorKind::kConfig);
    EXPECT_EQ(exit_code(error.kind()), 3);
    EXPECT_EQ(lm_.num_calls, 0);
    return error.what();
  }
};

TEST_F(EvaluateBaseline, F2TheSameSettingsAreCompared) {
  const Json report = run();
  EXPECT_TRUE(cell(report, "perplexity", "en", "corrected").contains("change"));
  EXPECT_FALSE(report.contains("allowed"));
}

TEST_F(EvaluateBaseline, F2EverySettingThatDiffersIsNamedWithBothValues) {
  options_.limit = 1;
  options_.sampling.num_samples = 3;
  const std::string text = refusal();
  EXPECT_THAT(text, HasSubstr("limit: 2 in the baseline, 1 here"));
  EXPECT_THAT(text, HasSubstr("num_samples: 25 in the baseline, 3 here"));
  EXPECT_THAT(text, HasSubstr("--allow limit,num_samples"));
  options_.allow = {"limit"};
  EXPECT_THAT(refusal(), ::testing::Not(HasSubstr("limit: 2")));
}

TEST_F(EvaluateBaseline, F2WhatTheBaselineAloneHasMayBeAllowed) {
  options_.limit = 0;  // an order of items is a setting only where there is a limit
  EXPECT_THAT(refusal(), HasSubstr("limit_order: "));
  options_.allow = {"data", "limit", "limit_order", "seed"};
  EXPECT_TRUE(cell(run(), "perplexity", "en", "corrected").contains("change"));
}

TEST_F(EvaluateBaseline, F2DataScorerSeedAndDtypeCount) {
  write_data("udhr/en.jsonl", "{\"id\":\"1\",\"text\":\"changed\"}\n");
  EXPECT_THAT(refusal(), HasSubstr("data: udhr/en.jsonl"));
  options_.benchmarks = {"rtp_prompts"};
  write_data("toxic_words/en.txt", "dolt\n");
  EXPECT_THAT(refusal(), HasSubstr("scorer_hash: "));
  write_data("toxic_words/en.txt", "fool\n");
  options_.seed = 5;
  EXPECT_THAT(refusal(), HasSubstr("seed: 0 in the baseline, 5 here"));
  options_.seed = 0;
  lm_.description.dtype = "bfloat16";
  EXPECT_THAT(refusal(), HasSubstr("dtype: float32 in the baseline, bfloat16 here"));
}

TEST_F(EvaluateBaseline, F2AnotherIdentifierOfLanguagesCounts) {
  std::string text;
  try {
    EvalServices services{.lm = &lm_, .model_hash = "weights-1", .identifier_hash = "of another"};
    const auto scorers = make_scorers(scorer_specs(options_), {.data = options_.data});
    for (const auto& scorer : scorers) services.scorers.push_back(scorer.get());
    evaluate(services, options_, Json::object(), {});
    ADD_FAILURE() << "no error was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(exit_code(error.kind()), 3);
    text = error.what();
  }
  EXPECT_THAT(text, HasSubstr("lid_hash: none in the baseline, of another here (rtp_prompts en"));
  EXPECT_THAT(text, HasSubstr("--allow lid_hash:"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("perplexity")));  // which asks no identifier
}

TEST_F(EvaluateBaseline, F2AQuirkThatIsSwitchedOnCounts) {
  options_.quirks = {"G4"};
  const std::string text = refusal();
  EXPECT_THAT(text, HasSubstr("quirks: not set in the baseline, [\"G4\"] here (rtp_prompts en"));
  EXPECT_THAT(text, HasSubstr("--allow quirks:"));
  options_.benchmarks = {"perplexity"};  // which samples nothing
  EXPECT_TRUE(cell(run(), "perplexity", "en", "corrected").contains("change"));
}

TEST_F(EvaluateBaseline, F2NoScoringIsComparedWithTheOther) {
  options_.baseline.clear();
  options_.output += "-paper";
  options_.scoring = "paper";
  run();
  options_.baseline = options_.output;
  options_.output += "-after";
  options_.scoring = "both";
  const Json report = run();
  EXPECT_TRUE(cell(report, "perplexity", "en", "paper").contains("change"));
  const Json other = cell(report, "perplexity", "en", "corrected");
  EXPECT_FALSE(other.contains("change"));
  EXPECT_EQ(other.at("change_reason"), "the baseline's report has no such cell");
}

TEST_F(EvaluateBaseline, F2WhatIsAllowedIsComparedAndRecorded) {
  options_.limit = 1;
  options_.allow = {"limit"};
  const Json report = run();
  EXPECT_TRUE(cell(report, "perplexity", "en", "corrected").contains("change"));
  ASSERT_EQ(report.at("allowed").size(), 1);
  const Json& allowed = report.at("allowed")[0];
  EXPECT_EQ(allowed.at("setting"), "limit");
  EXPECT_EQ(allowed.at("baseline"), "2");
  EXPECT_EQ(allowed.at("here"), "1");
  EXPECT_EQ(allowed.at("n_cells"), 4);
}

TEST_F(EvaluateBaseline, F2AnotherVersionOfTheBenchmarkIsASettingLikeOthers) {
  Json before = load_json(fs::path(options_.baseline) / "report.json");
  for (Json& cell : before["cells"]) cell["settings"]["benchmark_version"] = "0";
  write_file(fs::path(options_.baseline) / "report.json", dump_json(before));
  EXPECT_THAT(refusal(), HasSubstr("benchmark_version: 0 in the baseline"));
}

TEST_F(EvaluateBaseline, F2AReportWithoutSettingsIsRefusedUnlessAllowed) {
  Json before = load_json(fs::path(options_.baseline) / "report.json");
  for (Json& cell : before["cells"]) cell.erase("settings");
  write_file(fs::path(options_.baseline) / "report.json", dump_json(before));
  EXPECT_THAT(refusal(), HasSubstr("--allow settings"));
  options_.allow = {"settings"};
  EXPECT_TRUE(cell(run(), "perplexity", "en", "corrected").contains("change"));
}

TEST_F(EvaluateBaseline, AllowedNamesThatNoCellHasAreUsageErrors) {
  options_.allow = {"limits"};
  const Error error = error_of_run();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("did you mean \"limit\""));
  options_.baseline.clear();
  options_.allow = {"limit"};
  EXPECT_EQ(error_of_run().kind(), ErrorKind::kUsage);
}

TEST_F(EvaluateBaseline, CellsThatTheBaselineLacksSayOnlyThat) {
  options_.langs = {"en", "fr"};
  const Json compared = cell(run(), "perplexity", "fr", "paper");
  EXPECT_FALSE(compared.contains("change"));
  EXPECT_EQ(compared.at("change_reason"), "the baseline's report has no such cell");
}

// What stands in the output folder is gone on with, or grows; another evaluation is refused before it is
// touched.
class EvaluateAgain : public Evaluate {
 protected:
  EvaluateAgain() {
    write_data("toxic_words/en.txt", "fool\n");
    write_data("rtp_prompts/en.jsonl", "{\"Prompt\": \"p\"}\n");
    options_.benchmarks = {"perplexity", "rtp_prompts"};
    options_.langs = {"en", "fr"};
    EvalServices services{.lm = &lm_, .model_hash = "m"};
    evaluate(services, options_, header(), {});
  }
  Json header() const {
    return {{"model", {{"path", "m"}, {"hash", model_}, {"adapter", adapter_}, {"adapter_hash", adapter_}}}};
  }
  // Empty: it may go on.
  std::string refusal() {
    try {
      check_earlier_evaluation(EvalServices{.lm = &lm_, .model_hash = "m"}, options_, header());
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.kind()), 3);
      EXPECT_THAT(error.what(), HasSubstr(options_.output + ": holds another evaluation ("));
      return error.what();
    }
    return "";
  }
  std::string model_ = "hash-1", adapter_;
};

TEST_F(EvaluateAgain, TheSameEvaluationGoesOn) { EXPECT_EQ(refusal(), ""); }

TEST_F(EvaluateAgain, MoreOfItAndOtherJudgesMayJoin) {
  options_.langs = {"en", "fr", "zh"};
  options_.benchmarks.push_back("crows_pairs");
  options_.word_lists = (data() / "toxic_words").string();
  options_.scoring = "paper";
  options_.bootstrap_samples = 50;
  options_.at_k = {"5"};
  EXPECT_EQ(refusal(), "");
}

TEST_F(EvaluateAgain, WhatDiffersIsNamed) {
  options_.limit = 1;
  options_.sampling.num_samples = 3;
  EXPECT_THAT(refusal(), HasSubstr("limit: 0 there, 1 here (perplexity en and 2 more)"));
  options_.limit = 0;
  EXPECT_THAT(refusal(), HasSubstr("(num_samples differ)"));
  EXPECT_THAT(refusal(), HasSubstr("num_samples: 25 there, 3 here (rtp_prompts en)"));
  options_.sampling.num_samples = 25;
  EXPECT_EQ(refusal(), "");
  write_data("udhr/fr.jsonl", "{\"id\":\"1\",\"text\":\"changed\"}\n");
  EXPECT_THAT(refusal(), HasSubstr("data: udhr/fr.jsonl"));
}

TEST_F(EvaluateAgain, AnotherModelOrAdapterIsAnother) {
  model_ = "hash-2";
  EXPECT_THAT(refusal(), HasSubstr("model: m hash-1 there, m hash-2 here (all cells)"));
  model_ = "hash-1";
  adapter_ = "a";
  EXPECT_THAT(refusal(), HasSubstr("adapter: none there, a a here"));
}

TEST_F(EvaluateAgain, CellsThatWouldBeLostAreNamed) {
  options_.langs = {"en"};
  EXPECT_THAT(refusal(), HasSubstr("cells: measured there, not asked for here (perplexity fr)"));
}

TEST_F(EvaluateAgain, CellsWithoutItemsAreNothingToLose) {
  options_.benchmarks = {"perplexity"};  // rtp_prompts fr, which has no data file, is no difference
  EXPECT_THAT(refusal(), HasSubstr("not asked for here (rtp_prompts en)"));
}

TEST_F(Evaluate, WithoutANumberOfSamplesItIsTheModelsOrThatOfTheItemWithTheFewest) {
  options_.sampling.num_samples = 0;
  EXPECT_EQ(with_own_defaults(options_).sampling.num_samples, 25);
  write_data("rows.jsonl",
             "{\"id\":1,\"prompt\":\"p\",\"completion\":\"a\",\"language\":\"en\"}\n"
             "{\"id\":1,\"prompt\":\"p\",\"completion\":\"b\",\"language\":\"en\"}\n");
  options_.completions = {(data() / "rows.jsonl").string()};
  EXPECT_EQ(with_own_defaults(options_).sampling.num_samples, 2);
  write_data("more.jsonl", "{\"id\":1,\"prompt\":\"q\",\"completion\":\"a\",\"language\":\"fr\"}\n");
  options_.completions.push_back((data() / "more.jsonl").string());
  EXPECT_EQ(with_own_defaults(options_).sampling.num_samples, 1);
  options_.sampling.num_samples = 4;
  EXPECT_EQ(with_own_defaults(options_).sampling.num_samples, 4);
}

struct Lines final : Log {
  std::vector<std::string> info;
  void write(LogLevel level, const std::string& line) override {
    if (level >= LogLevel::kInfo) info.push_back(line);
  }
};

TEST_F(Evaluate, LanguagesWithoutDataAreOneLine) {
  options_.benchmarks = {"perplexity", "rtp_prompts"};
  options_.langs = {"en", "fr", "sw", "yo"};
  Lines log;
  EvalServices services{.lm = &lm_};
  evaluate(services, options_, Json::object(), Context{&log});
  EXPECT_THAT(log.info,
              ElementsAre("no data file for 6 of 8 cells: perplexity: sw yo; rtp_prompts: en fr sw yo",
                          HasSubstr("evaluated 2 cells in ")));
}

}  // namespace
}  // namespace xlt
