// SPDX-License-Identifier: Apache-2.0
// The data of a page, from made-up evaluations, trainings and comparisons.
#include "xlt/findings/page.h"

#include "findings/findings_testing.h"
#include "findings/page_sources.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/findings/compare.h"

namespace xlt {
namespace {

using testing::HasSubstr;

class Page : public FolderTest {
 protected:
  std::string write(const std::string& name, int ones, const std::string& adapter) {
    return MadeUpEvaluation(adapter)
        .add("en", share(20, ones))
        .add("ar", share(20, ones / 2))
        .write(folder_ / name);
  }
  Json data(std::vector<std::string> folders) {
    PageOptions options;
    options.folders = std::move(folders);
    return page_data(options, Context());
  }
  // The value of a column in the table's row that has these values.
  static Json value(const Json& table, const std::string& column,
                    const std::map<std::string, std::string>& where) {
    const auto columns = table.at("columns").get<std::vector<std::string>>();
    const auto index = [&](const std::string& name) {
      return static_cast<size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
    };
    for (const Json& row : table.at("rows")) {
      bool fits = true;
      for (const auto& [name, text] : where) fits = fits && row.at(index(name)) == text;
      if (fits) return row.at(index(column));
    }
    return "no such row";
  }
};

TEST_F(Page, TwoEvaluationsAreComparedTheUntouchedModelFirst) {
  const std::string after = write("after", 4, "a1"), before = write("before", 12, "");
  const Json page = data({after, before});
  EXPECT_EQ(page.at("arms").dump(),
            R"([{"name":"before","is_base":true,"n_seeds":1},{"name":"after","is_base":false,"n_seeds":1}])");
  const Json& changes = page.at("tables").at("changes");
  // 12 of 20 before, 4 of 20 after, in per cent.
  EXPECT_DOUBLE_EQ(value(changes, "change", {{"language", "en"}, {"arm", "after"}}).get<double>(), -40);
  EXPECT_DOUBLE_EQ(value(changes, "base", {{"language", "en"}}).get<double>(), 60);
  EXPECT_EQ(value(page.at("tables").at("values"), "value", {{"arm", "after"}, {"language", "ar"}}),
            Json(1.0));
  EXPECT_EQ(page.at("languages").at("ar").at("script"), "Arab");
  EXPECT_TRUE(page.at("notes").empty());
}

TEST_F(Page, AFolderOfEvaluationsGivesItsArms) {
  write("runs/before", 12, "");
  write("runs/after", 4, "a1");
  EXPECT_EQ(data({(folder_ / "runs").string()}).at("arms").size(), 2);
}

TEST_F(Page, FoldersOfOneModelAndOtherCellsAreOneEvaluation) {
  MadeUpEvaluation("a1").add("en", share(20, 4)).write(folder_ / "dpo" / "toxicity");
  MadeUpEvaluation("a1").add("ar", share(20, 4)).write(folder_ / "dpo" / "bias");
  const Json page = data({(folder_ / "dpo").string()});
  EXPECT_EQ(page.at("arms").size(), 1);
  EXPECT_EQ(page.at("arms")[0].at("name"), "dpo");
  EXPECT_THAT(page.at("notes")[0].get<std::string>(), HasSubstr("one evaluation only"));
}

TEST_F(Page, SeedsOfOneArmAreGrouped) {
  const std::string base = write("base", 12, ""), one = write("dpo-1", 4, "a1"),
                    two = write("dpo-2", 6, "a2");
  const Json page = data({base, "dpo=" + one + "," + two});
  EXPECT_EQ(page.at("arms")[1].at("n_seeds"), 2);
  EXPECT_DOUBLE_EQ(value(page.at("tables").at("changes"), "change", {{"language", "en"}}).get<double>(), -35);
}

TEST_F(Page, WhatCannotBeComparedIsShownWithTheReason) {
  const std::string base = write("base", 12, "");
  MadeUpEvaluation other("a1");
  other.add("en", share(20, 4)).cell()["settings"]["limit"] = 7;
  const Json page = data({base, other.write(folder_ / "other")});
  EXPECT_FALSE(page.at("tables").contains("changes"));
  EXPECT_TRUE(page.at("tables").contains("values"));
  EXPECT_THAT(page.at("notes")[0].get<std::string>(), HasSubstr("limit"));
}

TEST_F(Page, WhatIsAllowedIsComparedAndNoted) {
  const std::string base = write("base", 12, "");
  MadeUpEvaluation other("a1");
  other.add("en", share(20, 4)).cell()["settings"]["limit"] = 7;
  PageOptions options;
  options.folders = {base, other.write(folder_ / "other")};
  options.allow = {"limit"};
  const Json page = page_data(options, Context());
  EXPECT_TRUE(page.at("tables").contains("changes"));
  EXPECT_THAT(page.at("notes")[0].get<std::string>(), HasSubstr("which was allowed: limit"));
  options.allow = {"limits"};
  EXPECT_THROW(page_data(options, Context()), Error);
}

TEST_F(Page, AComparisonIsShownAsItIs) {
  const std::string base = write("base", 12, ""), other = write("dpo", 4, "a1");
  CompareOptions options;
  options.arms = {base, "name of an arm=" + other};
  const Json comparison = compare(options, Context());
  write_comparison(comparison, folder_ / "compare");
  const Json page = data({(folder_ / "compare").string()});
  const Json& table = page.at("tables").at("changes");
  ASSERT_EQ(table.at("rows").size(), comparison.at("rows").size());
  for (const Json& row : comparison.at("rows"))
    for (const char* column : {"base", "value", "change", "p_holm", "mde"})
      EXPECT_EQ(value(table, column, {{"language", row.at("language")}, {"arm", "name of an arm"}}),
                row.at(column));
  EXPECT_TRUE(page.at("tables").contains("values")) << "the evaluations that it names are there";
}

std::string facts_text(const Json& page) {
  std::string text;
  for (const Json& fact : page.at("summary").at("facts"))
    text += fact[0].get<std::string>() + ": " + fact[1].get<std::string>() + "\n";
  return text;
}

TEST_F(Page, TheSummarySaysWhatWasLookedAtAndWhatWasFound) {
  MadeUpEvaluation before, after("runs/dpo/adapter");
  for (MadeUpEvaluation* side : {&before, &after}) {
    side->add("en", share(200, side == &before ? 150 : 20))
        .add("ar", share(200, side == &before ? 150 : 149));
    side->report()["config"] = {{"limit", 200}, {"limit_order", "random"}};
    for (size_t c : {0, 1}) side->cell(c)["n_items"] = 200;
  }
  after.cell(0)["scorer"] = before.cell(0)["scorer"] = "word_list";
  const Json page = data({before.write(folder_ / "before"), after.write(folder_ / "after")});
  const std::string facts = facts_text(page);
  for (const char* fact :
       {"Model: models/x\n", "Arms: before (before), after (adapter runs/dpo/adapter)\n", "Benchmarks: b\n",
        "Languages: 2: Arabic (ar), English (en)\n", "Items: 200 of each benchmark and language\n",
        "Limit (--limit): at most 200 of each file, drawn at random\n", "Scoring: corrected\n",
        "Scorers: word_list\n", "Evaluated: 20"})
    EXPECT_THAT(facts, HasSubstr(fact));
  const Json& sentences = page.at("summary").at("sentences");
  ASSERT_EQ(sentences.size(), 3);
  EXPECT_EQ(sentences[0], "This page holds after against before, on 1 benchmark (b) in 2 languages.");
  // Of en, ar, and ar as the mean of the others; 75 % → 10 % is farther from 50 % than before.
  EXPECT_EQ(sentences[1], "Of 3 changes tested, 1 holds after Holm's correction for that number (p < 0.05).");
  EXPECT_EQ(sentences[2], "With after m of b (word_list) fell in 1 language (en): worse.");
}

TEST_F(Page, TheSummarySaysThatNothingHolds) {
  const Json page = data({write("before", 12, ""), write("after", 12, "a1")});
  EXPECT_THAT(page.at("summary").at("sentences")[1].get<std::string>(),
              HasSubstr("None of the 3 changes tested holds after Holm's correction"));
  const Json one = data({write("before", 12, "")});
  EXPECT_EQ(one.at("summary").at("sentences")[0],
            "This page shows the values of 1 benchmark (b) in 2 languages, each with its 95 % interval.");
}

TEST_F(Page, MetricsAreExplainedAndHaveTheirRange) {
  MadeUpEvaluation evaluation;
  evaluation.add("en", share(20, 4));
  Json& metrics = evaluation.cell()["metrics"];
  metrics["acc"] = metrics["m"];
  metrics["acc"]["formula"]["scale"] = 1;
  metrics["acc"].erase("ideal");
  metrics["acc"]["higher_is_better"] = true;
  metrics["kl_to_base"] = metrics["m"];
  metrics["kl_to_base"]["formula"]["bounded"] = false;
  evaluation.cell()["headline"] = {"m", "acc", "kl_to_base"};
  const Json page = data({evaluation.write(folder_ / "one")});
  const Json& table = page.at("tables").at("metrics");
  EXPECT_EQ(value(table, "meaning", {{"metric", "acc"}}),
            "share of questions whose right answer is the most probable");
  EXPECT_EQ(value(table, "better", {{"metric", "acc"}}), "higher is better");
  EXPECT_EQ(value(table, "highest", {{"metric", "acc"}}), 1);
  EXPECT_EQ(value(table, "meaning", {{"metric", "m"}}), Json()) << "of a benchmark of one's own";
  EXPECT_EQ(value(table, "better", {{"metric", "m"}}), "nearer 50 is better");
  EXPECT_EQ(value(table, "lowest", {{"metric", "m"}}), 0);
  EXPECT_EQ(value(table, "highest", {{"metric", "m"}}), 100);
  EXPECT_EQ(value(table, "lowest", {{"metric", "kl_to_base"}}), 0);
  EXPECT_EQ(value(table, "highest", {{"metric", "kl_to_base"}}), Json());
}

TEST_F(Page, WhatAMetricLeavesOutIsATable) {
  MadeUpEvaluation evaluation;
  evaluation.add("en", share(20, 4));
  evaluation.cell()["n_items"] = 24;
  evaluation.cell()["n_scored"] = 24;
  evaluation.cell()["metrics"]["m"]["n"] = 20;
  evaluation.cell()["metrics"]["m"]["left_out"] = {{"too short", 3}, {"empty", 1}};
  const Json page = data({evaluation.write(folder_ / "one")});
  const Json& table = page.at("tables").at("left_out");
  EXPECT_EQ(value(table, "count", {{"reason", "too short"}}), 3);
  EXPECT_EQ(value(table, "n", {{"reason", "empty"}}), 20);
  EXPECT_EQ(value(table, "n_items", {{"reason", "empty"}}), 24);
}

TEST_F(Page, LinksInAFolderAreNotFollowed) {
  write("elsewhere/after", 4, "a1");
  write("runs/before", 12, "");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "runs" / "link");
  fs::create_directory_symlink(folder_ / "runs", folder_ / "runs" / "again");
  EXPECT_EQ(data({(folder_ / "runs").string()}).at("arms").size(), 1);
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "given");
  EXPECT_EQ(data({(folder_ / "given").string()}).at("arms").size(), 1) << "one that was asked for is";
}

TEST_F(Page, JudgementsBesideAnEvaluationAreFound) {
  write("runs/before", 12, "");
  write("runs/after", 4, "a1");
  const Json judged{{"scorer_calibration", Json::object()}, {"questions", Json::object()}};
  for (const char* place : {"runs/human.json", "runs/after/human.json"})
    write_file(folder_ / place, dump_json(judged));
  const Json sources = data({(folder_ / "runs").string()}).at("sources");
  EXPECT_EQ(std::count_if(sources.begin(), sources.end(),
                          [](const Json& one) { return one.at("kind") == "human judgement"; }),
            2);
}

TEST_F(Page, AFolderOfNothingIsAnError) {
  fs::create_directories(folder_ / "empty");
  EXPECT_THROW(data({(folder_ / "empty").string()}), Error);
}

TEST_F(Page, CurvesOfLongTrainingsKeepTheirEnds) {
  const fs::path folder = folder_ / "run";
  fs::create_directories(folder);
  write_file(folder / "run.json",
             R"({"config":{"command":"train","method":"dpo"},"data":[{"file":"x","sha256":"ab"}]})");
  std::string rows;
  for (int step = 1; step <= 1000; ++step)
    rows += str_cat(R"({"step":)", step, R"(,"split":"train","loss":0.5})", "\n");
  write_file(folder / "metrics.jsonl",
             rows + R"({"step":1000,"split":"eval","loss":0.25,"monitor":{"fr":{"bits_per_byte":1.5}}})");
  const Json page = data({folder.string()});
  const Json& table = page.at("tables").at("training");
  EXPECT_EQ(table.at("rows").size(), 401);
  EXPECT_EQ(table.at("rows")[0][2], 1);
  EXPECT_EQ(table.at("rows")[399][2], 1000);
  EXPECT_EQ(value(table, "monitor/fr/bits_per_byte", {{"split", "eval"}}), Json(1.5));
  EXPECT_EQ(value(table, "monitor/fr/bits_per_byte", {{"split", "train"}}), Json());
  EXPECT_EQ(page.at("sources")[0].at("command"), "xlt train --method dpo");
  EXPECT_EQ(page.at("sources")[0].at("hashes").at("x"), "ab");
}

TEST_F(Page, PredictorsAreATableALanguageARow) {
  const fs::path folder = folder_ / "predictors";
  fs::create_directories(folder);
  write_file(
      folder / "predictors.json",
      R"({"languages":{"ar":{"fertility":2.5,"sentence_similarity":{"0":0.5,"mean":null}}},"correlations":[)"
      R"({"target":"t","predictor":"fertility","given":null,"kind":"spearman","value":0.5,"ci95":[0.1,0.7],)"
      R"("p_value":0.25,"p_holm":null,"n":9,"leave_one_out":[0.4,0.6]}]})");
  const Json page = data({folder.string()});
  const Json &languages = page.at("tables").at("predictors"), &found = page.at("tables").at("correlations");
  EXPECT_EQ(value(languages, "sentence_similarity/0", {{"language", "ar"}}), Json(0.5));
  EXPECT_EQ(value(languages, "fertility", {{"language", "ar"}}), Json(2.5));
  EXPECT_EQ(value(found, "leave_one_out_high", {{"predictor", "fertility"}}), Json(0.6));
}

TEST_F(Page, SamplesPairTheCompletionsThatMovedMost) {
  const auto rows = [](double one, double two) {
    return str_cat(R"({"id":"7","prompt":"p","completions":[{"text":"a","score":0.5},{"text":"b)", one,
                   R"(","score":)", two, R"(}],"ratios":{"r":[1,1]}})", "\n");
  };
  MadeUpEvaluation before, after("a1");
  const std::string unasked = R"({"id":"5","prompt":"too long"})"
                              "\n";
  before.add("ar", share(1, 1)).items()["items/b/ar.jsonl"] = unasked + rows(1, 0.875);
  after.add("ar", share(1, 1)).items()["items/b/ar.jsonl"] = rows(2, 0.125);
  const Json page = data({before.write(folder_ / "before"), after.write(folder_ / "after")});
  ASSERT_EQ(page.at("samples").size(), 1);
  const Json& sample = page.at("samples")[0];
  EXPECT_EQ(sample.at("before"), "b1");
  EXPECT_EQ(sample.at("after"), "b2");
  EXPECT_EQ(sample.at("score_before"), Json(0.875));
  EXPECT_TRUE(sample.at("is_sensitive").get<bool>());
}

TEST_F(Page, TheDataCannotEndTheirElement) {
  const std::string before = write("before", 12, "");
  PageOptions options;
  options.folders = {before};
  options.title = "</script><b>&";
  const std::string html = page_html(page_data(options, Context()));
  EXPECT_EQ(html.find("</script><b>"), std::string::npos);
  EXPECT_THAT(html, HasSubstr("&lt;/script>&lt;b>&amp;"));
  EXPECT_THAT(html, HasSubstr("\\u003c/script>"));
  EXPECT_EQ(html.find("@DATA@"), std::string::npos);
}

TEST_F(Page, EveryTableIsCsvAndLatexToo) {
  const std::string after = write("after", 4, "a1"), before = write("before", 12, "");
  PageOptions options;
  options.folders = {before, after};
  options.csv = (folder_ / "csv").string();
  options.latex = (folder_ / "tables.tex").string();
  options.output = (folder_ / "report.html").string();
  const Json page = page_data(options, Context());
  write_page(page, options);
  for (const auto& [name, table] : page.at("tables").items())
    EXPECT_TRUE(fs::exists(fs::path(options.csv) / (name + ".csv"))) << name;
  EXPECT_THAT(read_file(fs::path(options.csv) / "changes.csv"),
              HasSubstr("b,en,corrected,,m,after,20,20,1,1,60.0,20.0,-40.0"));
  EXPECT_THAT(read_file(options.latex), HasSubstr("\\midrule\n"));
  EXPECT_THAT(read_file(options.latex), HasSubstr("ci95\\_low"));
  EXPECT_TRUE(fs::exists(options.output));
}

TEST(CommandLineOf, LeavesOutWhatIsOffAndQuotesWhatMustBe) {
  const Json config = parse_json(
      R"({"command":"eval","model":"my model","langs":["en","fr"],"quiet":false,"greedy":true,"lid":"","limit":20})",
      "test");
  EXPECT_EQ(command_line_of(config), "xlt eval --model 'my model' --langs en,fr --greedy --limit 20");
}

}  // namespace
}  // namespace xlt
