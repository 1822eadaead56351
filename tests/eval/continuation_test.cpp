// SPDX-License-Identifier: Apache-2.0
// Continuation quality: lines, words, diversity.
#include "eval/cell.h"
#include "eval/continuation_lines.h"
#include "eval/eval_testing.h"

namespace xlt {
namespace {

class Continuation : public EvalTest {
 protected:
  Continuation() { options_.benchmarks = {"continuation"}; }
  Json reduced(const std::string& language, Scoring scoring) {
    const FakeIdentifier identifier;
    return reduce_cell(specs("continuation", scoring), score("continuation", language, &identifier), 100,
                       Rng(1));
  }
  void five_prompts() {
    write_data("tatoeba/en.tsv", "one two\np2\np3\np4\np5\n");
    lm_.completions = {{"one two", {"one two three four five"}},
                       {"p2", {"bonjour one two three four\nshort line\nsix, seven eight nine ten"}},
                       {"p3", {"too short"}},
                       {"p4", {"\n"}},
                       {"p5", {"hmm hmm hmm two two"}}};  // the identifier is unsure: wrong
  }
};

TEST_F(Continuation, LinesOfFiveWordsAreJudged) {
  five_prompts();
  const Json corrected = reduced("en", Scoring::kCorrected);
  EXPECT_DOUBLE_EQ(value(corrected, "line_pass_rate"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value(corrected, "line_accuracy"), (1 + 0.5 + 0) / 3);
  EXPECT_EQ(corrected.at("metrics").at("line_pass_rate").at("n"), 3);
  EXPECT_DOUBLE_EQ(value(corrected, "empty_rate"), 0.2);
  EXPECT_EQ(corrected.at("n_scored"), 4);
  EXPECT_EQ(corrected.at("unscored").at("empty completion"), 1);
  EXPECT_EQ(corrected.at("metrics").at("line_pass_rate").at("left_out"),
            (Json{{"empty completion", 1}, {"no line of five words", 1}}));
  // The paper's cell scores all five of something, and its rates are of as few.
  const Json paper = reduced("en", Scoring::kPaper);
  EXPECT_DOUBLE_EQ(value(paper, "line_pass_rate"), 1.0 / 3);
  EXPECT_EQ(paper.at("n_scored"), 5);
  EXPECT_EQ(paper.at("metrics").at("line_pass_rate").at("left_out"),
            corrected.at("metrics").at("line_pass_rate").at("left_out"));
  EXPECT_EQ(paper.at("metrics").at("dist_1").at("left_out"), (Json{{"a line of another language", 2}}));
}

TEST_F(Continuation, CorrectedDiversityIsDistinctWordsOverWords) {
  five_prompts();
  const Json cell = reduced("en", Scoring::kCorrected);
  EXPECT_DOUBLE_EQ(value(cell, "dist_1"), (1 + 1 + 1 + 2.0 / 5) / 4);
  EXPECT_DOUBLE_EQ(value(cell, "dist_2"), (1 + 1 + 1 + 3.0 / 4) / 4);
  EXPECT_EQ(cell.at("metrics").at("dist_3").at("n"), 3);  // two words hold no trigram
  EXPECT_DOUBLE_EQ(value(cell, "token_dist_1"), (1 + 1 + 1 + 2.0 / 5) / 4);
}

TEST_F(Continuation, PaperDiversityIsWhatIsNewSinceThePromptInCleanCompletions) {
  five_prompts();
  const Json cell = reduced("en", Scoring::kPaper);
  EXPECT_DOUBLE_EQ(value(cell, "dist_1"), (3.0 / 5 + 1 + 0) / 3);  // the empty one counts as 0
  EXPECT_DOUBLE_EQ(value(cell, "dist_2"), (3.0 / 5 + 1.0 / 2 + 0) / 3);
}

TEST_F(Continuation, NothingToJudgeIsNullWhenCorrectedAndOneInPaperScoring) {
  write_data("tatoeba/en.tsv", "p1\np2\n");
  lm_.default_completions = {"too short"};
  const Json corrected = reduced("en", Scoring::kCorrected), paper = reduced("en", Scoring::kPaper);
  EXPECT_TRUE(corrected.at("metrics").at("line_pass_rate").at("value").is_null());
  EXPECT_EQ(corrected.at("metrics").at("line_pass_rate").at("reason"), "no line of five words");
  EXPECT_DOUBLE_EQ(value(paper, "line_pass_rate"), 1);
  EXPECT_EQ(paper.at("metrics").at("line_pass_rate").at("n"), 0);
}

TEST_F(Continuation, ChineseWordsAreSplitAndEnglishOnesFailTheWordPass) {
  write_data("language_confusion/words.txt", "hello\nParis\nthe\n");
  write_data("tatoeba/zh.tsv", "甲\t-\n乙\t-\n丙\t-\n");
  lm_.completions = {{"甲", {"我们今天在学校里学习 hello 汉语"}},
                     {"乙", {"我们今天在学校里学习 the Paris 汉语"}},  // short, or not lower-case
                     {"丙", {"我 们"}}};
  const Json cell = reduced("zh", Scoring::kCorrected);
  EXPECT_DOUBLE_EQ(value(cell, "line_pass_rate"), 1);
  EXPECT_DOUBLE_EQ(value(cell, "word_pass_rate"), 0.5);
  EXPECT_EQ(cell.at("metrics").at("word_pass_rate").at("n"), 2);
}

TEST_F(Continuation, WordPassRateSaysWhyItIsNull) {
  write_data("tatoeba/zh.tsv", "甲\n");
  write_data("tatoeba/de.tsv", "Hallo\n");
  EXPECT_EQ(reduced("zh", Scoring::kCorrected).at("metrics").at("word_pass_rate").at("reason"),
            "no English word list (language_confusion/words.txt)");
  EXPECT_EQ(reduced("de", Scoring::kCorrected).at("metrics").at("word_pass_rate").at("reason"),
            "defined for ar hi ja ko ru zh only");
}

TEST_F(Continuation, WithoutIdentifierDiversityIsStillMeasured) {
  five_prompts();
  const Json report = run();
  const Json corrected = cell(report, "continuation", "en", "corrected");
  EXPECT_EQ(corrected.at("metrics").at("line_pass_rate").at("reason"),
            "no language identification model (--lid)");
  EXPECT_DOUBLE_EQ(value(corrected, "dist_1"), (1 + 1 + 1 + 2.0 / 5) / 4);
  EXPECT_EQ(corrected.at("n_scored"), 4);
  EXPECT_EQ(cell(report, "continuation", "en", "paper").at("n_scored"), 0);
}

TEST_F(Continuation, F4ALanguageThatTheIdentifierDoesNotKnowIsUnscored) {
  write_data("tatoeba/zu.tsv", "Sawubona\n");
  lm_.completions = {{"Sawubona", {"umuntu ngumuntu ngabantu bonke ekhaya lami"}}};
  for (const Scoring scoring : {Scoring::kCorrected, Scoring::kPaper}) {
    const Json cell = reduced("zu", scoring);
    for (const char* metric : {"line_pass_rate", "line_accuracy"}) {
      EXPECT_TRUE(cell.at("metrics").at(metric).at("value").is_null()) << name_of(scoring);
      EXPECT_EQ(cell.at("metrics").at(metric).at("reason"), "identifier does not know zu")
          << name_of(scoring);
    }
  }
  EXPECT_DOUBLE_EQ(value(reduced("zu", Scoring::kCorrected), "dist_1"), 1);
  EXPECT_EQ(reduced("zu", Scoring::kPaper).at("metrics").at("dist_1").at("reason"),
            "identifier does not know zu");
}

TEST_F(Continuation, AsksGreedilyForTheTextColumnOfEachLayout) {
  write_data("tatoeba/de.tsv",
             "\xEF\xBB\xBF"
             "12\tHallo \"du\"\t34\tHello\n13\tWelt\t35\tWorld\n");
  write_data("tatoeba/fr.tsv", "Bonjour\tHello\n");
  write_data("tatoeba/en.tsv", "Hello\n");
  options_.langs = {"de", "fr", "en"};
  set_option(visit_of(options_), "continuation_tokens", "7");
  run();
  ASSERT_EQ(lm_.generate_requests.size(), 4);
  EXPECT_EQ(lm_.generate_requests[0].prompt, "Hallo \"du\"");
  EXPECT_EQ(lm_.generate_requests[1].id, "continuation/de/1");
  EXPECT_EQ(lm_.generate_requests[2].prompt, "Bonjour");
  EXPECT_EQ(lm_.generate_requests[3].prompt, "Hello");
  EXPECT_TRUE(lm_.last_options.greedy);
  EXPECT_EQ(lm_.last_options.max_new_tokens, 7);
}

TEST_F(Continuation, CompletionIsCutAndStrippedAsPublished) {
  EXPECT_EQ(normalized_completion("  a, b\xE2\x80\x94"
                                  "c\xD8\x8C d!\nQ: more"),
            "a b c d");
  EXPECT_EQ(line_words("한국어 문장 입니다", "ko").size(), 3);
}

TEST_F(Continuation, F12APromptTooLongForTheContextIsOneUnscoredItem) {
  five_prompts();
  lm_.description.max_length = 101;  // 100 new tokens and one word
  const Json cell = reduced("en", Scoring::kCorrected);
  EXPECT_EQ(cell.at("n_items"), 5);
  EXPECT_EQ(cell.at("unscored").at(Unscored{Reason::kTooLong}.text()), 1);  // "one two"
  EXPECT_GT(cell.at("n_scored"), 0);
}

TEST_F(Continuation, ARowOfNoLayoutIsUnscored) {
  write_data("tatoeba/de.tsv", "78\tdeu\tWo ist er?\n79\n80\tdeu\tHier.\n");
  options_.langs = {"de"};
  const Json corrected = cell(run(), "continuation", "de", "corrected");
  EXPECT_EQ(corrected.at("n_items"), 3);
  EXPECT_EQ(corrected.at("unscored").at("a row of no layout that is known"), 1);
  ASSERT_EQ(lm_.generate_requests.size(), 2);
  EXPECT_EQ(lm_.generate_requests[0].prompt, "Wo ist er?");
  EXPECT_EQ(lm_.generate_requests[1].prompt, "Hier.");
}

}  // namespace
}  // namespace xlt
