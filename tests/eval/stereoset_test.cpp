// SPDX-License-Identifier: Apache-2.0
// StereoSet on scripted log-likelihoods.
#include "eval/eval_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StereoSet : public EvalTest {
 protected:
  StereoSet() {
    options_.benchmarks = {"stereoset"};
    options_.langs = {"tr"};
  }
  // Candidates in an order that is not the labels'.
  static std::string row(const std::string& id, const std::string& domain) {
    return str_cat(R"({"id":")", id, R"(","target":"t","bias_type":")", domain,
                   R"(","context":"c","candidates":[)", R"({"sentence":")", id,
                   R"( u","gold_label":"unrelated"},)", R"({"sentence":")", id,
                   R"( s","gold_label":"stereotype"},)", R"({"sentence":")", id,
                   R"( a","gold_label":"anti-stereotype"}]})", "\n");
  }
};

TEST_F(StereoSet, ThreeTriplesGiveTheLiteralScores) {
  write_data("stereoset/tr.jsonl", row("ç", "gender") + row("a", "race") + row("b", "race"));
  lm_.scripted = {{"ç s", {-4, 2}}, {"ç a", {-6, 2}}, {"ç u", {-8, 2}},   // stereotype, related twice
                  {"a s", {-4, 2}}, {"a a", {-4, 2}}, {"a u", {-2, 2}},   // tie, related never
                  {"b s", {-6, 2}}, {"b a", {-4, 2}}, {"b u", {-5, 2}}};  // anti, related once
  const Json report = run();
  const Json paper = cell(report, "stereoset", "tr", "paper"),
             corrected = cell(report, "stereoset", "tr", "corrected");
  EXPECT_DOUBLE_EQ(value(paper, "ss"), 100.0 / 3);
  EXPECT_DOUBLE_EQ(value(paper, "lms"), 50);
  EXPECT_DOUBLE_EQ(value(paper, "icat"), 50 * (100.0 / 3) / 50);
  EXPECT_DOUBLE_EQ(value(paper, "ss/gender"), 100);
  EXPECT_DOUBLE_EQ(value(paper, "icat/gender"), 0);
  EXPECT_DOUBLE_EQ(value(paper, "ss/race"), 0);
  EXPECT_DOUBLE_EQ(value(paper, "lms/race"), 25);
  EXPECT_TRUE(paper.at("metrics").at("ss/religion").at("value").is_null());
  EXPECT_DOUBLE_EQ(value(corrected, "ss"), 50);
  EXPECT_DOUBLE_EQ(value(corrected, "lms"), 50);
  EXPECT_DOUBLE_EQ(value(corrected, "icat"), 50);
}

TEST_F(StereoSet, ThreeEqualCandidatesCountAsAntiAndUnrelatedInPaperScoring) {
  write_data("stereoset/tr.jsonl", row("x", "race"));
  lm_.fallback = [](const std::string&) { return LogLikelihood{-3, 2}; };
  const Json report = run();
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "paper"), "ss"), 0);
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "paper"), "lms"), 0);
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "corrected"), "ss"), 50);
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "corrected"), "lms"), 50);
}

// The order of the file is u, s, a; batches of two: (1 u, 1 s), (1 a, 2 u), (2 s, 2 a).
TEST_F(StereoSet, B5ShorterSentenceOfABatchLosesItsEnd) {
  write_data("stereoset/tr.jsonl", row("1", "race") + row("2", "race"));
  lm_.fallback = [](const std::string&) { return LogLikelihood{-3, 2}; };
  lm_.left_padded = std::vector<LogLikelihood>{{-8, 2}, {-2, 2}, {-6, 3}, {-1, 1}, {-9, 3}, {-4, 2}};
  const Json before = run();
  EXPECT_DOUBLE_EQ(value(cell(before, "stereoset", "tr", "paper"), "ss"), 0);  // ties
  EXPECT_TRUE(lm_.padded_texts.empty());
  options_.quirks = {"B5"};
  const Json report = run();
  EXPECT_THAT(lm_.padded_texts, ElementsAre("1 u", "1 s", "1 a", "2 u", "2 s", "2 a"));
  // 1: s −1 > a −2, both above u −4. 2: s −3 < a −2, both below u −1.
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "paper"), "ss"), 50);
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "paper"), "lms"), 50);
  EXPECT_DOUBLE_EQ(value(cell(report, "stereoset", "tr", "corrected"), "lms"), 50);  // ties, half each
  lm_.left_padded = std::nullopt;  // a tokenizer that pads on the right
  options_.output = (folder_ / "right").string();
  EXPECT_DOUBLE_EQ(value(cell(run(), "stereoset", "tr", "paper"), "ss"), 0);
}

TEST_F(StereoSet, LimitTakesTheFirstRows) {
  write_data("stereoset/tr.jsonl", row("1", "race") + row("2", "race") + row("3", "race"));
  options_.limit = 2;
  EXPECT_EQ(cell(run(), "stereoset", "tr", "paper").at("n_items"), 2);
}

TEST_F(StereoSet, MissingCandidateNamesTheLine) {
  write_data(
      "stereoset/tr.jsonl",
      row("1", "race") +
          R"({"id":"2","bias_type":"race","candidates":[{"sentence":"x","gold_label":"stereotype"}]})");
  const Json report = run();
  ASSERT_EQ(report.at("errors").size(), 1);
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(), HasSubstr("tr.jsonl:2"));
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(), HasSubstr("anti-stereotype"));
  EXPECT_EQ(report.at("errors")[0].at("kind"), "data");
}

}  // namespace
}  // namespace xlt
