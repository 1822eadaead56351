// SPDX-License-Identifier: Apache-2.0
// Completions of any system: rows to items to metrics, without a model.
#include "eval/completion_rows.h"
#include "eval/eval_testing.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CompletionsTest : public EvalTest {
 protected:
  CompletionsTest() {
    options_.benchmarks = {"all"};
    options_.langs = {"all"};
    options_.data.clear();
    options_.sampling.num_samples = 2;
    write_data("lists/en.txt", "fool\n");
    write_data("lists/fr.txt", "idiot\n");
    options_.scorer = {"word_list:" + (data() / "lists").string()};
  }
  std::string file(const std::string& name, const std::string& rows) {
    write_data(name, rows);
    return (data() / name).string();
  }
  Json run_completions() {
    scorers_ = make_scorers(scorer_specs(options_), {});
    EvalServices services{.identifier = identifier_, .model_hash = "files"};
    for (const auto& scorer : scorers_) services.scorers.push_back(scorer.get());
    return *evaluate(services, options_, Json{{"seeds", {0}}}, {}).report();
  }
  std::string fault(const std::string& rows) {
    options_.completions = {file("faulty.jsonl", rows)};
    try {
      run_completions();
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.kind()), 3);
      return error.what();
    }
    return "no fault";
  }
  const std::vector<std::string> rows_{
      R"({"id":"1","sample":0,"prompt":"p","completion":"you fool over there my friend","language":"en"})",
      R"({"id":"1","sample":1,"prompt":"p","completion":"bonjour to you my old friend","language":"en"})",
      R"({"id":"2","sample":0,"prompt":"q","completion":"a nice day for a walk","language":"en"})",
      R"({"id":"2","sample":1,"prompt":"q","completion":"","language":"en"})",
      R"({"id":"1","sample":0,"prompt":"r","completion":"bonjour mon cher ami de toujours","language":"fr"})",
      R"({"id":"1","sample":1,"prompt":"r","completion":"bonjour idiot","language":"fr"})"};
  std::string all_rows() const {
    std::string text;
    for (const std::string& row : rows_) text += row + "\n";
    return text;
  }
  const FakeIdentifier fake_identifier_;
};

TEST_F(CompletionsTest, AreScoredByTheSameMetricsWithoutAModel) {
  identifier_ = &fake_identifier_;
  options_.completions = {file("rows.jsonl", all_rows())};
  const Json report = run_completions();
  EXPECT_EQ(report.at("status"), "done");
  const Json en = cell(report, "completions", "en", "corrected");
  EXPECT_EQ(en.at("n_items"), 2);
  EXPECT_EQ(en.at("scorer"), "word_list");
  EXPECT_TRUE(en.at("settings").at("data").contains("refusals/en.json (built in)"))
      << "what refusal_rate is of";
  EXPECT_DOUBLE_EQ(value(en, "toxic_fraction"), 1.0 / 3);
  // At k = 2 the second item, with one scored completion, is unscored.
  EXPECT_DOUBLE_EQ(value(en, "expected_max_toxicity"), 1);
  EXPECT_EQ(en.at("metrics").at("expected_max_toxicity").at("unscored"), 1);
  EXPECT_DOUBLE_EQ(value(en, "line_pass_rate"), 2.0 / 3);  // "bonjour" is French
  EXPECT_DOUBLE_EQ(value(en, "empty_rate"), 1.0 / 4);
  EXPECT_GT(value(en, "dist_1"), 0.8);
  EXPECT_EQ(en.at("metrics").at("token_dist_1").at("reason"),
            "needs the tokens of a model, and there is none");
  const Json fr = cell(report, "completions", "fr", "paper");
  EXPECT_DOUBLE_EQ(value(fr, "expected_max_toxicity"), 1);
  EXPECT_EQ(fr.at("settings").at("num_samples"), 2);
}

TEST_F(CompletionsTest, OrderOfRowsAndFilesChangesNothing) {
  options_.completions = {file("rows.jsonl", all_rows())};
  Json first = run_completions();
  auto shuffled = rows_;
  std::reverse(shuffled.begin(), shuffled.end());
  std::string a, b;
  for (size_t i = 0; i < shuffled.size(); ++i) (i % 2 ? a : b) += shuffled[i] + "\n";
  options_.completions = {file("a.jsonl", a), file("b.jsonl", b)};
  options_.output += "2";
  Json second = run_completions();
  for (Json* report : {&first, &second})
    for (Json& cell : (*report)["cells"]) cell.erase("seconds");
  EXPECT_EQ(dump_json(first.at("cells")), dump_json(second.at("cells")));
}

TEST_F(CompletionsTest, WithoutIdsRowsOfOnePromptAreOneItem) {
  const auto items =
      read_completion_rows({file("rows.jsonl", R"({"prompt":"p","completion":"a","language":"en"}
{"prompt":"q","completion":"b","language":"en"}
{"prompt":"p","completion":"c","language":"en"}
)")});
  ASSERT_THAT(items.at("en"), SizeIs(2));
  for (const SampledPrompt& item : items.at("en"))
    if (item.prompt == "p") {
      EXPECT_THAT(item.completions, ElementsAre("a", "c"));
    }
}

TEST_F(CompletionsTest, IdsAreTextsOrNumbersInTheirOrder) {
  const auto items =
      read_completion_rows({file("rows.jsonl", R"({"id":10,"prompt":"p","completion":"a","language":"en"}
{"id":9,"prompt":"q","completion":"b","language":"EN"}
{"id":"9","prompt":"s","completion":"b","language":"de"}
)")});
  ASSERT_THAT(items.at("en"), SizeIs(2));
  EXPECT_EQ(items.at("en")[0].id, "9");
  EXPECT_EQ(items.at("de")[0].prompt, "s");
}

// As `xlt generate` writes them.
TEST_F(CompletionsTest, MayBeCalledTextAndTheirLanguageBeSaidForAll) {
  options_.completions = {file("rows.jsonl", R"({"id":0,"sample":0,"text":"you fool","prompt":"p"}
{"id":0,"sample":1,"text":"","prompt":"p","language":""}
{"id":0,"sample":0,"text":"bonjour idiot","prompt":"r","language":"fr"}
{"id":1,"sample":0,"text":"no","completion":null,"prompt":"q"}
)")};
  options_.langs = {"EN"};
  const Json report = run_completions();
  const Json en = cell(report, "completions", "en", "corrected");
  EXPECT_EQ(en.at("n_items"), 2);
  EXPECT_DOUBLE_EQ(value(en, "toxic_fraction"), 1);
  EXPECT_EQ(en.at("unscored").at("field \"completion\" is null"), 1);
  for (const Json& cell : report.at("cells")) EXPECT_EQ(cell.at("language"), "en");
  EXPECT_EQ(only_language({"all"}) + only_language({"en", "fr"}), "");
}

TEST_F(CompletionsTest, EverythingThatARowLacksIsSaidAtOnce) {
  EXPECT_THAT(
      fault("{\"id\":1,\"txt\":\"c\"}\n"),
      HasSubstr("has no fields \"prompt\", \"completion\", \"language\"; it has id, txt; --langs LANG"));
  try {
    read_completion_rows({file("rows.jsonl", "{\"text\":\"c\"}\n")}, "en");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "has no field \"prompt\"; it has text");
  }
}

TEST_F(CompletionsTest, FaultsNameFileAndLine) {
  EXPECT_THAT(fault("{\"prompt\":\"p\",\"language\":\"en\"}\n"),
              HasSubstr("faulty.jsonl:1: has no field \"completion\""));
  EXPECT_THAT(fault(rows_[0] + "\n{\"prompt\":\"p\",\"completion\":\"c\"}\n"),
              HasSubstr("faulty.jsonl:2: has no field \"language\""));
  EXPECT_THAT(fault("{\"prompt\":\"p\",\"completion\":\"c\",\"language\":\"xq\"}\n"),
              HasSubstr("faulty.jsonl:1"));
  EXPECT_THAT(fault(rows_[0] + "\n" + rows_[0] + "\n"),
              HasSubstr("faulty.jsonl:2: sample 0 of id \"1\" was given before"));
  EXPECT_THAT(
      fault(rows_[0] + "\n" + R"({"id":"1","prompt":"other","completion":"c","language":"en"})" + "\n"),
      HasSubstr("has another prompt at"));
}

TEST_F(CompletionsTest, AFileThatIsGivenTwiceIsNoSecondSample) {
  const std::string first = R"({"prompt":"p","completion":"a","language":"en"})",
                    second = R"({"prompt":"q","completion":"b","language":"en"})";
  const std::string rows = file("rows.jsonl", first + "\n" + second + "\n"),
                    copy = file("copy.jsonl", second + "\n\n" + first + "\n"),
                    other = file("other.jsonl", first + "\n");
  const auto fault_of = [](const std::vector<fs::path>& files) -> std::string {
    try {
      read_completion_rows(files);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(fault_of({rows, rows}), HasSubstr("rows.jsonl: is given twice"));
  EXPECT_THAT(fault_of({rows, other, copy}), HasSubstr("copy.jsonl: holds the same rows as " + rows));
  EXPECT_EQ(fault_of({rows, other}), "");  // two samples may be alike
}

TEST_F(CompletionsTest, WithoutScorersConsistencyAndDiversityAreStillMeasured) {
  identifier_ = &fake_identifier_;
  options_.scorer.clear();
  options_.completions = {file("rows.jsonl", all_rows())};
  const Json en = cell(run_completions(), "completions", "en", "corrected");
  EXPECT_FALSE(en.contains("scorer"));
  EXPECT_EQ(en.at("metrics").at("expected_max_toxicity").at("reason"), Unscored{Reason::kNoScorer}.text());
  EXPECT_DOUBLE_EQ(value(en, "line_pass_rate"), 2.0 / 3);
}

TEST_F(CompletionsTest, TwoSystemsAreComparedOnTheSamePromptsAlone) {
  options_.completions = {file("rows.jsonl", all_rows())};
  run_completions();
  options_.baseline = options_.output;
  options_.output += "-after";
  std::string tamed = all_rows();
  tamed.replace(tamed.find("fool"), 4, "dear");
  options_.completions = {file("tamed.jsonl", tamed)};
  const Json change =
      cell(run_completions(), "completions", "en", "corrected").at("change").at("toxic_fraction");
  EXPECT_NEAR(change.at("change").get<double>(), -1.0 / 3, 1e-12);
  std::string other = all_rows();
  other.replace(other.find("\"prompt\":\"q\""), 12, "\"prompt\":\"z\"");
  other.replace(other.find("\"prompt\":\"q\""), 12, "\"prompt\":\"z\"");
  options_.completions = {file("other.jsonl", other)};
  try {
    run_completions();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("data: prompts"));
  }
}

TEST_F(CompletionsTest, OtherBenchmarksAskAModel) {
  options_.completions = {file("rows.jsonl", all_rows())};
  options_.benchmarks = {"perplexity"};
  EXPECT_THROW(run_completions(), Error);
}

}  // namespace
}  // namespace xlt
