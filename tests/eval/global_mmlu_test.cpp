// SPDX-License-Identifier: Apache-2.0
// Global-MMLU on scripted log-likelihoods: the prompt's exact text, and what is counted.
#include "eval/eval_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class GlobalMmlu : public EvalTest {
 protected:
  GlobalMmlu() {
    options_.benchmarks = {"global_mmlu"};
    options_.langs = {"sw"};
    set_shots(2);
    write_data("global_mmlu/sw/dev.jsonl", row("d1", "q1", "B", "law") + row("d2", "q2", "A", "art") +
                                               row("d3", "q3", "D", "law") + row("d4", "q4", "C", "law"));
    write_data("global_mmlu/sw/test.jsonl",
               row("t1", "  Swali?\\n", "C", "law") + row("t2", "Nini?", "A", "art"));
  }
  void set_shots(int64_t count) {
    set_option(visit_of(*benchmark_of("global_mmlu")), "num_fewshot", std::to_string(count));
  }
  static std::string row(const std::string& id, const std::string& question, const std::string& answer,
                         const std::string& subject) {
    return str_cat(R"({"sample_id":")", id, R"(","question":")", question,
                   R"(","option_a":"w","option_b":"x","option_c":" y ","option_d":"z","answer":")", answer,
                   R"(","subject":")", subject, "\"}\n");
  }
  // The letter that a context gets.
  void answer(const std::string& part, const std::string& letter) {
    const auto before = lm_.fallback;
    lm_.fallback = [=](const std::string& text) {
      if (text.find(part) == std::string::npos) return before(text);
      return LogLikelihood{text.ends_with(" " + letter) ? -1.0 : -2.0, 1};
    };
  }
};

// Options are taken as they stand, the question is stripped, examples are the subject's first: the text is
// what lm-evaluation-harness's global_mmlu_full_sw makes of these rows.
TEST_F(GlobalMmlu, PromptIsThatOfTheHarness) {
  run();
  ASSERT_THAT(lm_.likelihood_requests, SizeIs(4));  // of t2 nothing: art has one worked question
  EXPECT_EQ(lm_.likelihood_requests[0].context,
            "q1\nA. w\nB. x\nC.  y \nD. z\nAnswer: B\n\n"
            "q3\nA. w\nB. x\nC.  y \nD. z\nAnswer: D\n\n"
            "Swali?\nA. w\nB. x\nC.  y \nD. z\nAnswer:");
  std::vector<std::string> letters;
  for (const auto& request : lm_.likelihood_requests) {
    letters.push_back(request.continuation);
    EXPECT_EQ(request.context, lm_.likelihood_requests[0].context);
    EXPECT_EQ(request.long_context, LongContext::kCutFromStart);
  }
  EXPECT_THAT(letters, ElementsAre(" A", " B", " C", " D"));
}

TEST_F(GlobalMmlu, WithoutShotsNoExamplesAreRead) {
  set_shots(0);
  fs::remove(data() / "global_mmlu/sw/dev.jsonl");
  answer("Swali?", "C");
  answer("Nini?", "B");
  const Json cell = GlobalMmlu::cell(run(), "global_mmlu", "sw", "paper");
  EXPECT_THAT(lm_.likelihood_requests[0].context, StartsWith("Swali?\nA. w"));
  EXPECT_DOUBLE_EQ(value(cell, "acc"), 0.5);
  EXPECT_EQ(cell.at("n_scored"), 2);
}

TEST_F(GlobalMmlu, TooFewExamplesAreNoFewerShots) {
  answer("Swali?", "C");
  const Json report = run();
  for (const char* scoring : {"paper", "corrected"}) {
    const Json cell = GlobalMmlu::cell(report, "global_mmlu", "sw", scoring);
    EXPECT_DOUBLE_EQ(value(cell, "acc"), 1);
    EXPECT_EQ(cell.at("n_scored"), 1);
    EXPECT_EQ(cell.at("unscored").at("fewer than 2 worked questions of its subject"), 1);
  }
}

TEST_F(GlobalMmlu, TheFirstOfEqualsIsTaken) {
  set_shots(0);
  lm_.fallback = [](const std::string&) { return LogLikelihood{-1, 1}; };
  EXPECT_DOUBLE_EQ(value(cell(run(), "global_mmlu", "sw", "paper"), "acc"), 0.5);  // t2's answer is A
}

TEST_F(GlobalMmlu, MissingExamplesAreAMissingFile) {
  fs::remove(data() / "global_mmlu/sw/dev.jsonl");
  const Json cell = GlobalMmlu::cell(run(), "global_mmlu", "sw", "paper");
  EXPECT_TRUE(cell.at("metrics").at("acc").at("value").is_null());
  EXPECT_THAT(cell.at("metrics").at("acc").at("reason").get<std::string>(), HasSubstr("dev.jsonl"));
}

TEST_F(GlobalMmlu, AnAnswerThatIsNoLetterNamesTheLine) {
  write_data("global_mmlu/sw/test.jsonl", row("t1", "q", "C", "law") + row("t2", "q", "2", "law"));
  const Json report = run();
  ASSERT_THAT(report.at("errors"), SizeIs(1));
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(), HasSubstr("test.jsonl:2"));
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(), HasSubstr("A, B, C or D"));
}

TEST_F(GlobalMmlu, LanguagesArePublishedOnesAndThoseThatAreThere) {
  const auto languages = benchmark_of("global_mmlu")->languages(data());
  EXPECT_THAT(languages, SizeIs(19));
  EXPECT_EQ(std::count(languages.begin(), languages.end(), "sw"), 1);
}

}  // namespace
}  // namespace xlt
