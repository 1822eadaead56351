// SPDX-License-Identifier: Apache-2.0
// Benchmarks described in a file: their kinds, their inputs, and what is wrong with a description.
#include "xlt/eval/description.h"

#include "eval/eval_testing.h"

#include <numbers>

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Description : public EvalTest {
 protected:
  std::string describe(const std::string& text) {
    const fs::path file = folder_ / "mine.json";
    write_file(file, text);
    options_.benchmarks = {file.string()};
    return file.string();
  }
  std::string complaint(const std::string& text) {
    try {
      read_description(describe(text));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kConfig);
      return error.what();
    }
    ADD_FAILURE() << "taken: " << text;
    return {};
  }
  std::vector<Json> items(const std::string& name, const std::string& language) const {
    std::vector<Json> rows;
    LineReader lines(fs::path(options_.output) / "items" / name / (language + ".jsonl"));
    while (const auto line = lines.next()) rows.push_back(parse_json(*line, ""));
    return rows;
  }
  static constexpr const char* kPairs = R"({"name": "mine", "kind": "pairs", "file": "mine/{lang}.csv",
      "fields": {"id": "nr", "first": "s", "second": "c", "group": "topic"}, "metric": "pct_stereotype"})";
};

TEST_F(Description, PairsOfACsvFileWithGroups) {
  describe(kPairs);
  write_data("mine/pt_BR.csv",
             "nr,s,c,topic\n7,a more,a less,work\n8,\"b, more\",b less,work\n9,c more,c less,home\n");
  lm_.scripted = {{"a more", {-1, 2}}, {"a less", {-3, 2}}, {"b, more", {-9, 2}},
                  {"b less", {-3, 2}}, {"c more", {-4, 2}}, {"c less", {-4, 2}}};  // a tie
  options_.langs = {"all"};
  const Json report = run();
  const Json corrected = cell(report, "mine", "pt-BR", "corrected"),
             paper = cell(report, "mine", "pt-BR", "paper");
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype"), 100 * 1.5 / 3);
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype/work"), 50);
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype/home"), 50);
  EXPECT_DOUBLE_EQ(value(paper, "pct_stereotype"), 100.0 / 3);
  EXPECT_DOUBLE_EQ(value(paper, "pct_stereotype/home"), 0);
  EXPECT_EQ(corrected.at("headline"), Json::array({"pct_stereotype"}));
  const auto rows = items("mine", "pt-BR");
  ASSERT_EQ(rows.size(), 3);
  EXPECT_EQ(rows[1].at("id"), "8");
  EXPECT_EQ(rows[1].at("group"), "work");
  EXPECT_EQ(rows[1].at("first").at("log_likelihood"), -9);
  EXPECT_EQ(rows[1].at("second").at("num_tokens"), 2);
}

TEST_F(Description, AMetricThatIsNoPercentageIsAShare) {
  describe(R"({"name": "mine", "kind": "pairs", "file": "{lang}.tsv", "fields": {"first": "a", "second": "b"},
      "metric": "share_first", "higher_is_better": true})");
  write_data("en.tsv", "a\tb\nx\ty z\n");
  lm_.scripted = {{"x", {-1, 1}}};
  const Json corrected = cell(run(), "mine", "en", "corrected");
  EXPECT_DOUBLE_EQ(value(corrected, "share_first"), 0.5);  // −1 and −2/2: a tie by means
  EXPECT_DOUBLE_EQ(value(corrected, "share_first_of_sums"), 1);
  EXPECT_TRUE(corrected.at("metrics").at("share_first").at("higher_is_better").get<bool>());
}

TEST_F(Description, ChoiceTakesTheMostProbableOptionAfterASpace) {
  describe(R"({"name": "mine", "kind": "choice", "file": "mine/{lang}/test.jsonl",
      "fields": {"id": "nr", "question": "q", "options": "o", "label": "right"}})");
  write_data("mine/es/test.jsonl",
             "{\"nr\": 1, \"q\": \"Q\", \"o\": [\"long answer\", \"no\"], \"right\": 0}\n"
             "{\"nr\": 2, \"q\": \"R\", \"o\": [\"x\", \"y\"], \"right\": \"1\"}\n");
  lm_.scripted = {{"Q long answer", {-11, 2}}, {"Q no", {-4, 1}}, {"R x", {-3, 1}}, {"R y", {-2, 1}}};
  options_.langs = {"es"};
  const Json corrected = cell(run(), "mine", "es", "corrected");
  EXPECT_DOUBLE_EQ(value(corrected, "acc"), 0.5);
  EXPECT_DOUBLE_EQ(value(corrected, "acc_norm"), 1);  // −11/11 > −4/2 a character
  ASSERT_EQ(lm_.likelihood_requests.size(), 4);
  EXPECT_EQ(lm_.likelihood_requests[1].context, "Q");
  EXPECT_EQ(lm_.likelihood_requests[1].continuation, " no");
  const auto rows = items("mine", "es");
  EXPECT_EQ(rows[0].at("predicted"), 1);
  EXPECT_EQ(rows[0].at("label"), 0);
  EXPECT_EQ(rows[0].at("options").at(0).at("text"), "long answer");
}

TEST_F(Description, ChoiceReadsAColumnAnOptionFromCsv) {
  describe(R"({"name": "mine", "kind": "choice", "file": "{lang}.csv",
      "fields": {"question": "q", "options": ["a", "b"], "label": "right"}, "metric": "acc_norm"})");
  write_data("en.csv", "q,a,b,right\nQ,yes,no,2\n");
  const Json report = run();
  ASSERT_EQ(report.at("errors").size(), 1);
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(),
              AllOf(HasSubstr("en.csv:2"), HasSubstr("\"right\" is \"2\""), HasSubstr("0 … 1"),
                    HasSubstr("fields.label of"), HasSubstr("mine.json")));
  write_data("en.csv", "q,a,b,right\nQ,yes,no,1\n");
  EXPECT_EQ(cell(run(), "mine", "en", "paper").at("headline"), Json::array({"acc_norm"}));
}

TEST_F(Description, SeveralColumnsMakeAGroup) {
  describe(R"({"name": "mine", "kind": "texts", "file": "{lang}.tsv",
      "fields": {"text": "s", "group": ["who", "what"]}, "metric": "bits_per_byte"})");
  write_data("en.tsv", "s\twho\twhat\nabcd\tshe\thers\nabcd abcd\tshe\this\n");
  lm_.fallback = [](const std::string& text) {
    return LogLikelihood{text == "abcd" ? -4 * std::numbers::ln2 : -18 * std::numbers::ln2, 1};
  };
  const Json cell = Description::cell(run(), "mine", "en", "paper");
  EXPECT_DOUBLE_EQ(value(cell, "bits_per_byte/she/hers"), 1);
  EXPECT_DOUBLE_EQ(value(cell, "bits_per_byte/she/his"), 2);
  EXPECT_FALSE(cell.at("metrics").contains("token_perplexity/she/his"));
  write_data("en.tsv", "s\twho\nabcd\tshe\n");
  options_.output = (folder_ / "other").string();
  const Json report = run();
  ASSERT_EQ(report.at("errors").size(), 1);
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(),
              AllOf(HasSubstr("en.tsv:2"), HasSubstr("what"), HasSubstr("fields.group")));
}

TEST_F(Description, PromptsAreSampledAndJudgedByTheScorers) {
  describe(R"({"name": "mine", "kind": "prompts", "file": "{lang}.tsv", "cut_at": "[M]",
      "fields": {"id": "n", "prompt": "p", "group": "g"}, "metric": "toxic_fraction"})");
  write_data("en.tsv", "n\tp\tg\n1\tShe is a [M].\tone\n2\tHe is\ttwo\n");
  write_data("toxic_words/mild/en.txt", "fool\n");
  lm_.completions = {{"She is a", {"fool", "friend"}}, {"He is", {"kind", "kind"}}};
  options_.sampling.num_samples = 2;
  const Json corrected = cell(run(), "mine", "en", "corrected");
  EXPECT_DOUBLE_EQ(value(corrected, "toxic_fraction"), 0.25);
  EXPECT_DOUBLE_EQ(value(corrected, "toxic_fraction/one"), 0.5);
  EXPECT_DOUBLE_EQ(value(corrected, "toxic_fraction/two"), 0);
  EXPECT_EQ(corrected.at("headline"), Json::array({"toxic_fraction"}));
}

TEST_F(Description, TextsGiveBitsPerByte) {
  describe(R"({"name": "mine", "kind": "texts", "file": "{lang}.txt", "fields": {"text": "text"}})");
  write_data("sw.txt", "habari\nasubuhi\n");
  options_.langs = {"all"};
  lm_.fallback = [](const std::string& text) {
    return LogLikelihood{-std::numbers::ln2 * static_cast<double>(text.size()), 1};
  };
  EXPECT_DOUBLE_EQ(value(cell(run(), "mine", "sw", "corrected"), "bits_per_byte"), 1);
}

TEST_F(Description, StandsBesideBuiltInNames) {
  options_.benchmarks = {describe(kPairs), "perplexity"};
  write_data("mine/en.csv", "nr,s,c,topic\n1,a,b,t\n");
  write_data("udhr/en.jsonl", "{\"text\":\"b c\"}\n");
  const Json report = run();
  EXPECT_EQ(cell(report, "mine", "en", "paper").at("n_items"), 1);
  EXPECT_EQ(cell(report, "perplexity", "en", "paper").at("n_items"), 1);
}

TEST_F(Description, WhatItSaysIsPartOfACellsKey) {
  const std::string file = describe(kPairs);
  write_data("mine/en.csv", "nr,s,c,topic,d\n1,a,b,t,e\n");
  run();
  const int calls = lm_.num_calls;
  write_file(file, std::string("// the same\n") + kPairs);
  run();
  EXPECT_EQ(lm_.num_calls, calls);
  std::string other = kPairs;
  other.replace(other.find("\"c\""), 3, "\"d\"");
  write_file(file, other);
  run();
  EXPECT_GT(lm_.num_calls, calls);
  EXPECT_EQ(lm_.rolling_texts.back(), "e");
}

TEST_F(Description, FaultsNameTheFileAndTheField) {
  const std::string end =
      R"("kind": "pairs", "file": "{lang}.csv", "fields": {"first": "a", "second": "b"}})";
  EXPECT_THAT(complaint(R"({"name": "perplexity", )" + end),
              AllOf(HasSubstr("mine.json: name"), HasSubstr("built-in")));
  EXPECT_THAT(complaint(R"({"name": "a/b", )" + end), HasSubstr("letters, digits"));
  EXPECT_THAT(complaint(R"({"name": "x", "kind": "pair", "file": "{lang}.csv", "fields": {}})"),
              AllOf(HasSubstr("mine.json: kind"), HasSubstr("did you mean \"pairs\"?")));
  EXPECT_THAT(complaint(R"({"name": "x", "kind": "pairs", "file": "a.csv", "fields": {}})"),
              AllOf(HasSubstr("mine.json: file"), HasSubstr("{lang}")));
  EXPECT_THAT(complaint(R"({"name": "x", "kind": "pairs", "file": "{lang}.xlsx", "fields": {}})"),
              HasSubstr("expected a file of .csv"));
  EXPECT_THAT(complaint(R"({"name": "x", "kind": "pairs", "file": "{lang}.csv", "fields": {"first": "a"}})"),
              AllOf(HasSubstr("mine.json: fields"), HasSubstr("lacks \"second\"")));
  EXPECT_THAT(complaint(R"({"name": "x", "kind": "texts", "file": "{lang}.csv", "fields": {"txt": "a"}})"),
              AllOf(HasSubstr("mine.json: fields.txt"), HasSubstr("did you mean \"text\"?")));
  EXPECT_THAT(
      complaint(
          R"({"name": "x", "kind": "texts", "file": "{lang}.csv", "fields": {"text": "a"}, "metric": "bits"})"),
      AllOf(HasSubstr("mine.json: metric"), HasSubstr("bits_per_byte")));
  EXPECT_THAT(complaint(R"({"name": "x", "kinds": 1})"), HasSubstr("did you mean \"kind\"?"));
  EXPECT_THAT(complaint(R"({"kind": "texts"})"), HasSubstr("mine.json: name"));
}

TEST_F(Description, AColumnThatIsNotThereNamesRowAndDescription) {
  describe(kPairs);
  write_data("mine/en.csv", "nr,st,c,topic\n1,a,b,t\n");
  const Json report = run();
  ASSERT_EQ(report.at("errors").size(), 1);
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(),
              AllOf(HasSubstr("en.csv:2"), HasSubstr("unknown column \"s\""), HasSubstr("fields.first of"),
                    HasSubstr("mine.json")));
}

TEST_F(Description, ADescriptionThatIsNotThereIsFoundBeforeAnythingRuns) {
  options_.benchmarks = {(folder_ / "none.json").string()};
  EXPECT_THROW(check_eval_options(options_), Error);
}

TEST_F(Description, TheExamplesReadTheBundledRows) {
  const fs::path source = XLT_SOURCE_DIR;
  options_.data = (source / "data").string();
  options_.langs = {"all"};
  options_.benchmarks.clear();
  for (const char* name : {"honest_like", "stereotype_pairs", "bbq_like"})
    options_.benchmarks.push_back(
        (source / "configs" / "benchmarks" / (std::string(name) + ".json")).string());
  const Json report = run();
  EXPECT_TRUE(report.at("errors").empty()) << dump_json(report.at("errors"));
  std::vector<std::string> cells;
  for (const Json& cell : report.at("cells")) {
    EXPECT_EQ(cell.at("n_items"), 6);
    if (cell.at("scoring") == "corrected")
      cells.push_back(cell.at("benchmark").get<std::string>() + " " + cell.at("language").get<std::string>());
  }
  EXPECT_THAT(cells, ElementsAre("sentence_starts en", "sentence_starts es", "stereotype_pairs de",
                                 "stereotype_pairs en", "who_is_it en", "who_is_it es"));
}

}  // namespace
}  // namespace xlt
