// SPDX-License-Identifier: Apache-2.0
// A row whose field is null is one unscored item, whatever the benchmark; it voids no other.
#include "eval/chosen_items.h"
#include "eval/eval_testing.h"

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

TEST(ChosenItems, ANullFieldIsAnUnscoredItemInItsPlace) {
  std::vector<Row> rows;
  for (const char* json :
       {R"({"id":"a","t":null})", R"({"id":"b","t":"x"})", R"({"id":"c"})", R"({"id":"d","t":null})"})
    rows.emplace_back(Json::parse(json), "file:1");
  const ChosenItems chosen = choose_items(rows, {"id"}, {"t"}, {});
  ASSERT_EQ(chosen.rows.size(), 2);  // a field that is not there is left to who reads it
  EXPECT_EQ(chosen.rows[1].id, "c");
  const auto items = chosen.with_others({{"b"}, {"c"}});
  std::vector<std::string> ids;
  for (const ScoredItem& item : items) ids.push_back(item.id);
  EXPECT_THAT(ids, ::testing::ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(items[3].unscored.text(), "field \"t\" is null");
  EXPECT_TRUE(items[1].unscored.empty());
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

TEST_F(NullFields, OfBenchmarksOfOnesOwn) {
  const std::string head = R"({"name": "mine", "file": "mine/{lang}.jsonl", )";
  expect_described(head + R"("kind": "texts", "fields": {"text": "t"}})", three(R"("t":@)"), "t");
  expect_described(head + R"("kind": "pairs", "fields": {"first": "s", "second": "c", "group": "g"}})",
                   three(R"("s":"x y","c":"x","g":@)"), "g");
  expect_described(head + R"("kind": "choice", "fields": {"question": "q", "options": "o", "label": "l"}})",
                   three(R"("q":@,"o":["x","y"],"l":1)"), "q");
  write_data("toxic_words/en.txt", "fool\n");
  expect_described(head + R"("kind": "prompts", "fields": {"prompt": "p"}})", three(R"("p":@)"), "p");
}

}  // namespace
}  // namespace xlt
