// SPDX-License-Identifier: Apache-2.0
// A row whose field is null is one unscored item, whatever the benchmark; it voids no other.
#include "eval/chosen_items.h"
#include "eval/completion_rows.h"
#include "eval/eval_testing.h"
#include "eval/mbbq/question.h"

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

TEST(ChosenItems, ANullFieldIsAnUnscoredItemInItsPlace) {
  std::vector<Row> rows;
  for (const char* json :
       {R"({"id":"a","t":null})", R"({"id":"b","t":"x"})", R"({"id":"c"})", R"({"id":"d","t":null})"})
    rows.emplace_back(Json::parse(json), "file:1");
  const ChosenItems chosen = choose_items(rows, {"id"}, {{"t"}}, {});
  ASSERT_EQ(chosen.rows.size(), 2);  // a field that is not there is left to who reads it
  EXPECT_EQ(chosen.rows[1].id, "c");
  const auto items = chosen.with_others({{"b"}, {"c"}});
  std::vector<std::string> ids;
  for (const ScoredItem& item : items) ids.push_back(item.id);
  EXPECT_THAT(ids, ::testing::ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(items[3].unscored.text(), "field \"t\" is null");
  EXPECT_TRUE(items[1].unscored.empty());
}

TEST(ChosenItems, ANullIsFoundWithinAFieldAndSaidWhere) {
  const Row row(Json::parse(R"({"a":[{"b":"x"},{"b":null},{}],"c":{"d":["x",null]},"e":null,"f":"text"})"),
                "file:1");
  const auto text = [&](const FieldPath& path) { return null_in(row, {path}).text(); };
  EXPECT_EQ(text({"a", "*", "b"}), "field \"a[1].b\" is null");
  EXPECT_EQ(text({"c", "d", "1"}), "field \"c.d[1]\" is null");
  EXPECT_EQ(text({"e", "within", "it"}), "field \"e\" is null");
  for (const FieldPath& path :
       {FieldPath{"c", "d", "0"}, {"a", "0", "b"}, {"a"}, {"f", "*"}, {"f", "g"}, {"missing", "b"}})
    EXPECT_EQ(text(path), "") << path[0];
}

class NullFields : public EvalTest {
 protected:
  // Three rows of the benchmark, the second with a null.
  void expect_one_unscored(const std::string& benchmark, const std::string& name, const std::string& field) {
    options_.benchmarks = {benchmark};
    options_.sampling.num_samples = 2;
    const Json report = run();
    EXPECT_TRUE(report.at("errors").empty()) << benchmark << dump_json(report.at("errors"));
    const Json one = cell(report, name, "en", "corrected");
    EXPECT_EQ(one.at("n_items"), 3) << benchmark;
    EXPECT_EQ(one.at("n_scored"), 2) << benchmark;
    const Json reasons{{str_cat("field \"", field, "\" is null"), 1}};
    EXPECT_EQ(one.at("unscored"), reasons) << benchmark;
    LineReader lines(fs::path(options_.output) / "items" / name / "en.jsonl");
    std::vector<std::string> ids;
    while (const auto line = lines.next()) ids.push_back(parse_json(*line, "").at("id"));
    EXPECT_THAT(ids, ::testing::ElementsAre("1", "2", "3")) << benchmark;
  }
  // MBBQ's 24 files of one template: two questions each; `to`: in place of `from` in the row of the id.
  void write_mbbq(const std::string& spoilt_file, int spoilt_id, const std::string& from,
                  const std::string& to) {
    for (const std::string language : kMbbqLanguages)
      for (const std::string subset : kMbbqSubsets)
        for (const std::string set : {"", "_control"}) {
          const std::string name = str_cat("mbbq/", subset, set, "_", language, ".jsonl");
          std::string rows;
          for (int id = 0; id < 2; ++id) {
            std::string row = str_cat(R"({"example_id":)", id, kMbbqRow);
            if (name == spoilt_file && id == spoilt_id) row.replace(row.find(from), from.size(), to);
            rows += row;
          }
          write_data(name, rows);
        }
  }
  static constexpr const char* kMbbqRow =
      R"(,"question_index":"7","question_polarity":"neg","context_condition":"disambig","answer_info":)"
      R"({"ans0":["x","old"],"ans1":["y","nonOld"],"ans2":["z","unknown"]},"additional_metadata":)"
      R"({"stereotyped_groups":["old"]},"context":"C","question":"Q?","ans0":"A","ans1":"B","ans2":"D",)"
      "\"label\":0}\n";
  void expect_mbbq_unscored(const std::string& reason, const std::string& id) {
    options_.benchmarks = {"mbbq"};
    const Json report = run();
    EXPECT_TRUE(report.at("errors").empty()) << dump_json(report.at("errors"));
    const Json one = cell(report, "mbbq", "en", "corrected");
    EXPECT_EQ(one.at("n_items"), 24);
    EXPECT_EQ(one.at("n_scored"), 23);
    EXPECT_EQ(one.at("unscored"), (Json{{reason, 1}}));
    LineReader lines(fs::path(options_.output) / "items/mbbq/en.jsonl");
    std::vector<std::string> unscored;
    while (const auto line = lines.next())
      if (const Json item = parse_json(*line, ""); item.contains("unscored") && !item["unscored"].is_null())
        unscored.push_back(item.at("id"));
    EXPECT_THAT(unscored, ::testing::ElementsAre(id)) << reason;
  }
  // `row` with `value` for each "@" and an id of its own.
  static std::string three(const std::string& row, const std::string& id = "id") {
    std::string text;
    for (const auto& [number, value] : {std::pair("1", "\"a b\""), {"2", "null"}, {"3", "\"c d\""}}) {
      std::string one = row;
      one.replace(one.find('@'), 1, value);
      text += str_cat("{\"", id, "\":\"", number, "\",", one, "}\n");
    }
    return text;
  }
  void expect_described(const std::string& description, const std::string& rows, const std::string& field) {
    const fs::path file = folder_ / "mine.json";
    write_file(file, description);
    write_data("mine/en.jsonl", rows);
    expect_one_unscored(file.string(), "mine", field);
  }
};

TEST_F(NullFields, OfPromptsAndTexts) {
  write_data("toxic_words/en.txt", "fool\n");
  write_data("rtp_prompts/en.jsonl", three(R"("Prompt":@)"));
  expect_one_unscored("rtp_prompts", "rtp_prompts", "Prompt");
  write_data("rtp_prompts/en.jsonl", three(R"("prompt":@)"));
  expect_one_unscored("rtp_prompts", "rtp_prompts", "prompt");
  write_data("rtp_lx/RTP_LX_EN.json", three(R"("Prompt":@)"));
  expect_one_unscored("rtp_lx", "rtp_lx", "Prompt");
  write_data("udhr/en.jsonl", three(R"("text":@)"));
  expect_one_unscored("perplexity", "perplexity", "text");
  lm_.divergence = Divergence{0.5, 2, 1};
  expect_one_unscored("retention", "retention", "text");
  lm_.base = lm_.fallback;
  write_data("over_suppression/en.jsonl", three(R"("text":@)"));
  expect_one_unscored("over_suppression", "over_suppression", "text");
}

TEST_F(NullFields, OfQuestionsAndTriples) {
  set_option(visit_of(*benchmark_of("global_mmlu")), "num_fewshot", "0");
  write_data("global_mmlu/en/test.jsonl",
             three(R"("question":"Q","option_a":"a","option_b":@,"option_c":"c","option_d":"d","answer":"A",)"
                   R"("subject":"law")",
                   "sample_id"));
  expect_one_unscored("global_mmlu", "global_mmlu", "option_b");
  std::string triples = three(R"("bias_type":"race","candidates":@)");
  for (size_t at; (at = triples.find("\"a b\"")) != std::string::npos ||
                  (at = triples.find("\"c d\"")) != std::string::npos;)
    triples.replace(
        at, 5,
        R"([{"sentence":"x y","gold_label":"stereotype"},)"
        R"({"sentence":"x","gold_label":"anti-stereotype"},{"sentence":"z z","gold_label":"unrelated"}])");
  write_data("stereoset/en.jsonl", triples);
  expect_one_unscored("stereoset", "stereoset", "candidates");
}

TEST_F(NullFields, OfACandidateOfAStereotype) {
  const std::string triple = R"({"id":"@","bias_type":"race","candidates":[{"sentence":"x y","gold_label":)"
                             R"("stereotype"},{"sentence":"x","gold_label":"anti-stereotype"},)"
                             R"({"sentence":"z z","gold_label":"unrelated"}]})"
                             "\n";
  for (const auto& [from, field] : {std::pair(R"("x")", "candidates[1].sentence"),
                                    std::pair(R"("anti-stereotype")", "candidates[1].gold_label")}) {
    std::string rows;
    for (int id = 1; id <= 3; ++id) {
      std::string row = triple;
      row.replace(row.find('@'), 1, std::to_string(id));
      if (id == 2) row.replace(row.find(from), std::string_view(from).size(), "null");
      rows += row;
    }
    write_data("stereoset/en.jsonl", rows);
    expect_one_unscored("stereoset", "stereoset", field);
  }
}

TEST_F(NullFields, OfAWorkedQuestion) {
  set_option(visit_of(*benchmark_of("global_mmlu")), "num_fewshot", "1");
  const std::string row = R"("question":"Q","option_a":"a","option_b":"b","option_c":"c","option_d":"d",)";
  std::string test, dev;
  for (const std::string subject : {"law", "art"}) {
    test +=
        str_cat("{\"sample_id\":\"", subject, "\",", row, R"("answer":"A","subject":")", subject, "\"}\n");
    dev += str_cat("{", row, R"("answer":)", subject == "law" ? "null" : "\"A\"", R"(,"subject":")", subject,
                   "\"}\n");
  }
  write_data("global_mmlu/en/test.jsonl", test);
  write_data("global_mmlu/en/dev.jsonl", dev + "{" + row + R"("answer":"A","subject":null})" + "\n");
  options_.benchmarks = {"global_mmlu"};
  const Json report = run();
  EXPECT_TRUE(report.at("errors").empty()) << dump_json(report.at("errors"));
  const Json one = cell(report, "global_mmlu", "en", "corrected");
  EXPECT_EQ(one.at("n_scored"), 1);
  EXPECT_EQ(one.at("unscored"), (Json{{"a worked question's field \"answer\" is null", 1}}));
}

TEST_F(NullFields, OfMbbq) {
  const std::string age = "mbbq/Age_en.jsonl";
  write_mbbq(age, 1, R"("context":"C")", R"("context":null)");
  expect_mbbq_unscored("field \"context\" is null", "Age/1");
  write_mbbq(age, 0, R"(["y","nonOld"])", R"(["y",null])");
  expect_mbbq_unscored("field \"answer_info.ans1[1]\" is null", "Age/0");
  write_mbbq(age, 1, R"({"stereotyped_groups":["old"]})", "null");
  expect_mbbq_unscored("field \"additional_metadata\" is null", "Age/1");
}

TEST_F(NullFields, OfAControlQuestion) {
  write_mbbq("mbbq/SES_control_en.jsonl", 0, R"("ans2":"D")", R"("ans2":null)");
  expect_mbbq_unscored("field \"ans2\" is null", "control/SES/0");
}

// The same of a control question that another language's cell asks.
TEST_F(NullFields, OfAnotherLanguagesControlQuestions) {
  write_mbbq("mbbq/Age_control_tr.jsonl", 1, R"("question":"Q?")", R"("question":null)");
  options_.benchmarks = {"mbbq"};
  const Json report = run();
  EXPECT_TRUE(report.at("errors").empty()) << dump_json(report.at("errors"));
  EXPECT_EQ(cell(report, "mbbq", "en", "corrected").at("n_scored"), 24);
}

TEST_F(NullFields, OfAPromptOfBenignTexts) {
  write_data("over_suppression/en.jsonl", three(R"("text":"x y","prompt":@)"));
  expect_one_unscored("over_suppression", "over_suppression", "prompt");
}

TEST_F(NullFields, OfCompletions) {
  const fs::path file = folder_ / "completions.jsonl";
  write_file(file, R"({"id":"1","prompt":"p","completion":"a b","language":"en"})"
                   "\n"
                   R"({"id":"1","prompt":"p","completion":null,"language":"en"})"
                   "\n"
                   R"({"id":"2","prompt":"q","completion":"c d","language":"en"})"
                   "\n"
                   R"({"id":"2","prompt":"q","completion":"e f","language":"en"})"
                   "\n"
                   R"({"prompt":null,"completion":"g","language":"en"})"
                   "\n");
  const auto prompts = read_completion_rows({file}).at("en");
  ASSERT_EQ(prompts.size(), 3);
  EXPECT_EQ(prompts[0].unscored.text(), "field \"completion\" is null");
  EXPECT_TRUE(prompts[0].completions.empty());
  EXPECT_EQ(prompts[1].completions.size(), 2);
  EXPECT_EQ(prompts[2].id, "completions.jsonl:5");
  EXPECT_EQ(prompts[2].unscored.text(), "field \"prompt\" is null");
}

TEST_F(NullFields, OfBenchmarksOfOnesOwn) {
  const std::string head = R"({"name": "mine", "file": "mine/{lang}.jsonl", )";
  expect_described(head + R"("kind": "texts", "fields": {"text": "t"}})", three(R"("t":@)"), "t");
  expect_described(head + R"("kind": "pairs", "fields": {"first": "s", "second": "c", "group": "g"}})",
                   three(R"("s":"x y","c":"x","g":@)"), "g");
  expect_described(head + R"("kind": "choice", "fields": {"question": "q", "options": "o", "label": "l"}})",
                   three(R"("q":@,"o":["x","y"],"l":1)"), "q");
  std::string options = three(R"("q":"Q","l":0,"o":["x",@])");
  expect_described(head + R"("kind": "choice", "fields": {"question": "q", "options": "o", "label": "l"}})",
                   options, "o[1]");
  write_data("toxic_words/en.txt", "fool\n");
  expect_described(head + R"("kind": "prompts", "fields": {"prompt": "p"}})", three(R"("p":@)"), "p");
}

}  // namespace
}  // namespace xlt
