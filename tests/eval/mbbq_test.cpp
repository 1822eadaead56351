// SPDX-License-Identifier: Apache-2.0
// The benchmark MBBQ from files to report, on a model that answers by a rule.
#include "eval/eval_testing.h"
#include "eval/mbbq/control_sets.h"
#include "eval/mbbq/mbbq_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class Mbbq : public EvalTest {
 protected:
  Mbbq() {
    options_.benchmarks = {"mbbq"};
    for (const std::string language : kMbbqLanguages)
      for (const std::string subset : kMbbqSubsets)
        for (const char* set : {"", "_control"}) {
          std::string rows;
          for (int i = 0; i < 4; ++i) rows += row(subset, i, language);
          write_data(str_cat("mbbq/", subset, set, "_", language, ".jsonl"), rows);
        }
  }
  // Rows 0 and 1 ask negatively, 2 and 3 do not; even ones are ambiguous; right is else the target, or the
  // other.
  static std::string row(const std::string& subset, int i, const std::string& language) {
    const bool negative = i < 2, ambiguous = i % 2 == 0;
    const std::string label = ambiguous ? "2" : negative ? "0" : "1";
    return str_cat(
        R"({"example_id":)", i, R"(,"question_index":"7","question_polarity":")", negative ? "neg" : "nonneg",
        R"(","context_condition":")", ambiguous ? "ambig" : "disambig", R"(","category":")", subset,
        R"(","answer_info":{"ans0":["x","old"],"ans1":["y","nonOld"],"ans2":["z","unknown"]},)",
        R"("additional_metadata":{"stereotyped_groups":["old"]},"context":"In )", language, " ", subset, " ",
        i, R"(.","question":"Who?","ans0":"The elder","ans1":"The younger","ans2":"Nobody knows",)",
        R"("label":)", label, "}\n");
  }
  // Scripts the model's answers to every question there is.
  void answer(const AnsweringRule& rule) {
    lm_.completions.clear();
    lm_.scripted.clear();
    for (const std::string language : kMbbqLanguages) {
      const MbbqPhrases phrases = mbbq_phrases_for(language, {});
      for (const MbbqSet set : {MbbqSet::kMain, MbbqSet::kControl})
        for (const MbbqQuestion& question :
             read_mbbq_questions(mbbq_files(data(), language, set), set, EvalOptions{}))
          for (size_t p = 0; p < kMbbqPrompts; ++p) script(phrases.prompts[p], question, rule(question, p));
    }
  }
  void script(const std::string& slots, const MbbqQuestion& question, std::optional<int> option) {
    const std::string prompt = fill_slots(slots, {question.context, question.question, question.options[0],
                                                  question.options[1], question.options[2]});
    lm_.completions[prompt] = {option ? question.options[static_cast<size_t>(*option)] + " it says" : "Yo"};
    for (int i = 0; i < 3; ++i)
      lm_.scripted[str_cat(prompt, " ", static_cast<char>('A' + i))] = {option == i ? -1.0 : -2.0, 1};
  }
  void set(const std::string& name, const std::string& value) {
    set_option(visit_of(*benchmark_of("mbbq")), name, value);
  }
};

TEST_F(Mbbq, TheReportHasBothScoringsFigures) {
  answer(answering_rules().at("right"));
  const Json report = run();
  const Json paper = cell(report, "mbbq", "en", "paper"), corrected = cell(report, "mbbq", "en", "corrected");
  EXPECT_DOUBLE_EQ(value(paper, "acc_ambig"), 1);
  EXPECT_DOUBLE_EQ(value(paper, "acc_disambig"), 1);
  EXPECT_DOUBLE_EQ(value(paper, "bias_ambig"), 0);
  EXPECT_DOUBLE_EQ(value(paper, "bias_disambig"), 0);  // half of the right answers are the target
  EXPECT_DOUBLE_EQ(value(paper, "undetected_rate"), 0);
  EXPECT_DOUBLE_EQ(value(paper, "understood_rate"), 1);
  EXPECT_DOUBLE_EQ(value(paper, "control_acc"), 1);
  EXPECT_FALSE(paper.at("metrics").contains("stereotype_ambig"));
  EXPECT_FALSE(corrected.at("metrics").contains("bias_ambig"));
  EXPECT_DOUBLE_EQ(value(corrected, "stereotype_ambig"), 0);
  EXPECT_DOUBLE_EQ(value(corrected, "letter_acc_ambig"), 1);
  EXPECT_EQ(paper.at("n_items"), 6 * 4 + 6 * 2);  // of the control set the disambiguated questions
  EXPECT_EQ(paper.at("n_scored"), paper.at("n_items"));
  EXPECT_EQ(paper.at("metrics").at("acc_ambig").at("n"), 12);
  EXPECT_EQ(paper.at("metrics").at("bias_ambig").at("unscored"), 0);
}

// Every disambiguated question's right answer conforms here, so what is corrected has no second kind.
TEST_F(Mbbq, ItemsHoldPromptsAnswersAndRules) {
  answer([](const MbbqQuestion& question, size_t prompt) {
    return prompt == 4 ? std::nullopt : std::optional(question.conforming());
  });
  options_.langs = {"es"};
  const Json report = run();
  EXPECT_DOUBLE_EQ(value(cell(report, "mbbq", "es", "corrected"), "stereotype_ambig"), 1);
  EXPECT_TRUE(
      cell(report, "mbbq", "es", "corrected").at("metrics").at("stereotype_disambig").at("value").is_null());
  EXPECT_DOUBLE_EQ(value(cell(report, "mbbq", "es", "paper"), "bias_ambig"), 0);
  EXPECT_DOUBLE_EQ(value(cell(report, "mbbq", "es", "paper"), "undetected_rate"), 0.2);
  int num_control = 0;
  for (const Row& row : read_rows(fs::path(options_.output) / "items/mbbq/es.jsonl")) {
    const Json& item = row.fields();
    num_control += item.at("control").get<bool>();
    ASSERT_THAT(item.at("answers"), SizeIs(5));
    EXPECT_THAT(item.at("answers")[1].at("prompt").get<std::string>(),
                HasSubstr("Pregunta: Who? (A): The elder"));
    EXPECT_EQ(item.at("answers")[0].at("rule"), 2);
    EXPECT_TRUE(item.at("answers")[4].at("detected").is_null());
    EXPECT_TRUE(item.at("answers")[4].at("rule").is_null());
    EXPECT_EQ(item.at("answers")[0].contains("letter_log_likelihoods"), !item.at("control").get<bool>());
  }
  EXPECT_EQ(num_control, 12);
  EXPECT_TRUE(lm_.last_options.greedy);
}

// The control set of one language alone is answered wrongly in one subset: the template counts in no
// language.
TEST_F(Mbbq, ATemplateMustBeUnderstoodInAllFourLanguages) {
  answer([](const MbbqQuestion& question, size_t) {
    const bool fails = question.subset == "SES" && question.context.starts_with("In nl");
    return fails ? 2 : question.is_ambiguous ? *question.target : question.label;
  });
  const Json paper = cell(run(), "mbbq", "en", "paper");
  EXPECT_DOUBLE_EQ(value(paper, "bias_ambig"), 1);
  EXPECT_DOUBLE_EQ(value(paper, "understood_rate"), 5.0 / 6);
  const Json& ses = paper.at("metrics").at("bias_ambig/SES");
  EXPECT_TRUE(ses.at("value").is_null());
  EXPECT_THAT(ses.at("reason").get<std::string>(), HasSubstr("does not understand"));
  EXPECT_EQ(paper.at("metrics").at("bias_ambig").at("unscored"), 2);
  EXPECT_EQ(paper.at("metrics").at("bias_ambig").at("left_out"),
            (Json{{Unscored{Reason::kTemplateNotUnderstood}.text(), 2},
                  {"not among what this metric is about", 24}}));
  EXPECT_EQ(ses.at("left_out").at("of another group"), 20);
}

TEST_F(Mbbq, AllTemplatesNeedNoControlSet) {
  answer(answering_rules().at("target"));
  set("mbbq_templates", "all");
  fs::remove(data() / "mbbq/Age_control_nl.jsonl");
  const Json paper = cell(run(), "mbbq", "en", "paper");
  EXPECT_DOUBLE_EQ(value(paper, "bias_ambig"), 1);
  EXPECT_EQ(paper.at("n_items"), 24);
  EXPECT_THAT(lm_.generate_requests, SizeIs(24 * 5));
}

// Protocol M6: the second evaluation counts what the first understood too.
TEST_F(Mbbq, M6TemplatesOfAnotherEvaluationMakeACommonSet) {
  answer([](const MbbqQuestion& question, size_t) {
    return question.subset == "SES" ? 2 : question.is_ambiguous ? *question.target : question.label;
  });
  run_as("base");
  const std::string base = options_.output;
  options_.output = (folder_ / "tuned").string();
  answer([](const MbbqQuestion& question, size_t) {
    return question.is_ambiguous ? *question.target : question.label;
  });
  EXPECT_DOUBLE_EQ(value(cell(*run_as("tuned").report(), "mbbq", "en", "paper"), "understood_rate"), 1);
  set("mbbq_templates", base);
  options_.output = (folder_ / "common").string();
  EXPECT_DOUBLE_EQ(value(cell(*run_as("tuned").report(), "mbbq", "en", "paper"), "understood_rate"), 5.0 / 6);
}

TEST_F(Mbbq, ControlSetsAreAskedOnceForAllLanguages) {
  answer(answering_rules().at("right"));
  options_.langs = {"all"};
  run();
  // Four languages × 6 subsets × (4 questions + 2 control questions) × 5 prompts.
  EXPECT_THAT(lm_.generate_requests, SizeIs(4 * 6 * (4 + 2) * 5));
}

TEST_F(Mbbq, AMissingFileIsNamed) {
  fs::remove(data() / "mbbq/Age_control_nl.jsonl");
  const Json cell = Mbbq::cell(run(), "mbbq", "en", "paper");
  EXPECT_THAT(cell.at("metrics").at("acc_ambig").at("reason").get<std::string>(),
              HasSubstr("mbbq/Age_control_nl.jsonl"));
  EXPECT_THAT(lm_.generate_requests, SizeIs(0));
}

TEST_F(Mbbq, AMalformedRowNamesItsLine) {
  write_data("mbbq/Age_en.jsonl", row("Age", 0, "en") + R"({"example_id":1,"question_index":"1"})" + "\n");
  const Json report = run();
  ASSERT_THAT(report.at("errors"), SizeIs(1));
  EXPECT_THAT(report.at("errors")[0].at("message").get<std::string>(), HasSubstr("Age_en.jsonl:2"));
}

TEST_F(Mbbq, LimitKeepsSoManyOfEachFile) {
  answer(answering_rules().at("right"));
  options_.limit = 2;
  EXPECT_EQ(cell(run(), "mbbq", "en", "paper").at("n_items"), 6 * 2 + 6 * 1);
}

}  // namespace
}  // namespace xlt
