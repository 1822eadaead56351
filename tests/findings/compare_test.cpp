// SPDX-License-Identifier: Apache-2.0
#include "xlt/findings/compare.h"

#include "findings/findings_testing.h"
#include "findings/page_tables.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/display_width.h"

namespace xlt {
namespace {

using testing::HasSubstr;

class Compare : public FolderTest {
 protected:
  std::string write(const std::string& name, const MadeUpEvaluation& evaluation) {
    return evaluation.write(folder_ / name);
  }
  Json run(const std::vector<std::string>& arms) {
    options_.arms = arms;
    options_.output = (folder_ / "out").string();
    return compare(options_, {});
  }
  Error error(const std::vector<std::string>& arms) {
    try {
      run(arms);
    } catch (const Error& error) {
      return error;
    }
    return {ErrorKind::kInternal, "nothing was thrown"};
  }
  static Json row(const Json& comparison, const std::string& language, const std::string& arm) {
    for (const Json& row : comparison.at("rows"))
      if (row.at("language") == language && row.at("arm") == arm) return row;
    ADD_FAILURE() << "no row " << language << " " << arm;
    return {};
  }
  static double number(const Json& row, const char* field) {
    EXPECT_TRUE(row.at(field).is_number()) << field << ": " << dump_json(row);
    return row.at(field).is_number() ? row.at(field).get<double>() : NAN;
  }
  CompareOptions options_;
};

// Ten items, ids 0 … 9; 6 ones before, 2 of them left: change −40 points of 60; four differences of −1:
// two-sided p = 2 / 2^4. Their standard deviation is √(10 · 0.4 · 0.6 / 9), the mean's standard error that
// over √10.
TEST_F(Compare, RowsHoldWhatTheContractSays) {
  const Json comparison = run({write("base", MadeUpEvaluation().add("en", share(10, 6))),
                               write("dpo", MadeUpEvaluation("a").add("en", share(10, 2)))});
  ASSERT_EQ(comparison.at("rows").size(), 1);
  const Json& en = comparison.at("rows")[0];
  EXPECT_EQ(en.at("benchmark"), "b");
  EXPECT_EQ(en.at("language"), "en");
  EXPECT_EQ(en.at("scoring"), "corrected");
  EXPECT_TRUE(en.at("scorer").is_null());
  EXPECT_EQ(en.at("metric"), "m");
  EXPECT_EQ(en.at("arm"), "dpo");
  EXPECT_EQ(en.at("range"), Json::array({0.0, 100.0}));  // of a per cent, for whoever draws it
  EXPECT_EQ(en.at("n_items"), 10);
  EXPECT_EQ(en.at("n_seeds"), 1);
  EXPECT_DOUBLE_EQ(number(en, "base"), 60);
  EXPECT_DOUBLE_EQ(number(en, "value"), 20);
  EXPECT_DOUBLE_EQ(number(en, "change"), -40);
  EXPECT_NEAR(number(en, "change_relative"), -2.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(number(en, "p_value"), 2.0 / 16);
  EXPECT_DOUBLE_EQ(number(en, "p_holm"), 2.0 / 16);
  EXPECT_DOUBLE_EQ(number(en, "q_bh"), 2.0 / 16);
  const double standard_error = 100 * std::sqrt(10 * 0.4 * 0.6 / 9 / 10);
  EXPECT_NEAR(number(en, "mde"), (1.959963985 + 0.841621234) * standard_error, 1e-6);
  EXPECT_DOUBLE_EQ(number(en, "distance_from_ideal_change"), 30 - 10);  // |20 − 50| − |60 − 50|
  EXPECT_LT(en.at("ci95")[0].get<double>(), -40);
  EXPECT_GT(en.at("ci95")[1].get<double>(), -40);
  EXPECT_TRUE(comparison.at("refused").empty());
  EXPECT_EQ(comparison.at("arms")[0].at("name"), "base");
  EXPECT_EQ(comparison.at("arms")[1].at("adapters")[0], "a");
}

TEST_F(Compare, OneScoringMayBeAskedFor) {
  const std::vector<std::string> arms{write("base", MadeUpEvaluation().add("en", share(10, 6))),
                                      write("dpo", MadeUpEvaluation("a").add("en", share(10, 2)))};
  for (const char* scoring : {"both", "corrected"}) {
    options_.scoring = scoring;
    EXPECT_EQ(run(arms).at("rows").size(), 1) << scoring;
  }
  options_.scoring = "paper";
  EXPECT_THAT(error(arms).what(), HasSubstr("no cells of the scoring paper"));
}

TEST_F(Compare, ItemsArePairedByIdAndOnlyWhereEveryRunMeasured) {
  MadeUpEvaluation after;
  after.add("en", {});
  after.items()["items/b/en.jsonl"] = R"({"id":"2","ratios":{"r":[1,1]}})"
                                      "\n"
                                      R"({"id":"0","ratios":{"r":[0,1]}})"
                                      "\n"
                                      R"({"id":"1","ratios":{"r":[0,0]},"unscored":"empty"})"
                                      "\n"
                                      R"({"id":"9","ratios":{"r":[1,1]}})"
                                      "\n";
  const Json en =
      run({write("base", MadeUpEvaluation().add("en", share(5, 2))), write("x", after)}).at("rows")[0];
  EXPECT_EQ(en.at("n_items"), 2);  // 0 and 2; 1 counts nowhere after, 9 was not there before
  EXPECT_DOUBLE_EQ(number(en, "base"), 50);
  EXPECT_DOUBLE_EQ(number(en, "value"), 50);
  EXPECT_DOUBLE_EQ(number(en, "change"), 0);
}

// Three rows: p 2/2^6, 2/2^4 and 1; by hand Holm 3 · 1/32, 2 · 1/8, 1; Benjamini–Hochberg 3/32, 3/16, 1.
TEST_F(Compare, PValuesAreCorrectedOverAllRows) {
  options_.source = "en";
  const Json comparison = run({write("base", MadeUpEvaluation().add("en", share(20, 8))),
                               write("a", MadeUpEvaluation().add("en", share(20, 2))),
                               write("b", MadeUpEvaluation().add("en", share(20, 4))),
                               write("c", MadeUpEvaluation().add("en", share(20, 8)))});
  EXPECT_DOUBLE_EQ(number(row(comparison, "en", "a"), "p_value"), 1.0 / 32);
  EXPECT_DOUBLE_EQ(number(row(comparison, "en", "a"), "p_holm"), 3.0 / 32);
  EXPECT_DOUBLE_EQ(number(row(comparison, "en", "b"), "p_holm"), 2.0 / 8);
  EXPECT_DOUBLE_EQ(number(row(comparison, "en", "b"), "q_bh"), 3.0 / 16);
  EXPECT_DOUBLE_EQ(number(row(comparison, "en", "c"), "p_value"), 1);
  EXPECT_DOUBLE_EQ(number(row(comparison, "en", "c"), "q_bh"), 1);
}

// Seeds of one arm: values are means over seeds; where seeds differ, the interval is wider than that of the
// same item changes without a spread of seeds.
TEST_F(Compare, SeedsAreAveragedAndTheirSpreadCounts) {
  const auto base = write("base", MadeUpEvaluation().add("en", share(100, 50)));
  const auto seed = [&](const std::string& name, int ones) {
    return write(name, MadeUpEvaluation(name).add("en", share(100, ones)));
  };
  const Json comparison = run({base, "even=" + seed("e1", 40) + "," + seed("e2", 40) + "," + seed("e3", 40),
                               "apart=" + seed("s1", 25) + "," + seed("s2", 40) + "," + seed("s3", 55)});
  const Json even = row(comparison, "en", "even"), apart = row(comparison, "en", "apart");
  EXPECT_EQ(even.at("n_seeds"), 3);
  EXPECT_DOUBLE_EQ(number(even, "change"), -10);
  EXPECT_DOUBLE_EQ(number(apart, "change"), -10);
  const auto width = [](const Json& row) {
    return row.at("ci95")[1].get<double>() - row.at("ci95")[0].get<double>();
  };
  // s² of −25, −10, 5 is 225, over 3 seeds; two degrees of freedom are nearly all there is: ± 4.3 · √75 at
  // least.
  EXPECT_GT(width(apart), 2 * 3 * std::sqrt(75));
  EXPECT_LT(width(even), 20);
  EXPECT_GT(number(apart, "mde"), number(even, "mde"));
}

// Translations (same ids) of identical items: the mean of two languages knows no more than one. The same with
// ids of their own: it knows more.
TEST_F(Compare, F5MeanOfOthersDrawsTranslationsTogether) {
  const auto evaluations = [&](const std::string& name, int ones, bool are_translations) {
    MadeUpEvaluation evaluation;
    for (const std::string language : {"en", "fr", "de"})
      evaluation.add(language, share(200, ones), are_translations ? "" : language);
    return write(name, evaluation);
  };
  const Json together = run({evaluations("base", 80, true), evaluations("a", 40, true)});
  const Json apart = run({evaluations("base2", 80, false), evaluations("b", 40, false)});
  const Json mean = row(together, "mean_others", "a"), one = row(together, "fr", "a");
  EXPECT_EQ(mean.at("n_items"), 400);
  EXPECT_EQ(mean.at("n_ids"), 200);
  EXPECT_EQ(mean.at("languages"), Json({"de", "fr"}));
  EXPECT_EQ(mean.at("ci95"), one.at("ci95"));
  EXPECT_DOUBLE_EQ(number(mean, "p_value"), number(one, "p_value"));
  EXPECT_DOUBLE_EQ(number(mean, "mde"), number(one, "mde"));
  EXPECT_LT(number(row(apart, "mean_others", "b"), "mde"), 0.75 * number(mean, "mde"));
}

TEST_F(Compare, SourceIsLeftOutOfTheMeanAndStandsFirst) {
  options_.source = "fr";
  MadeUpEvaluation before, after;
  for (const std::string language : {"de", "en", "fr"}) {
    before.add(language, share(20, 10));
    after.add(language, share(20, language == "fr" ? 0 : 5));
  }
  const Json comparison = run({write("base", before), write("a", after)});
  EXPECT_EQ(comparison.at("rows")[0].at("language"), "fr");
  EXPECT_DOUBLE_EQ(number(row(comparison, "mean_others", "a"), "change"), -25);
}

// Σ numerator / Σ denominator with other denominators: items are exchanged, not signs. Before 1/1, 0/3; after
// 0/1, 3/3. Seen: 3/4 − 1/4 = 0.5; exchanging the first: 4/4 − 0/4 = 1; both: −0.5; the second: −1. All are
// as far.
TEST_F(Compare, RatiosOfSumsExchangeItems) {
  const Json comparison = run({write("base", MadeUpEvaluation().add("en", {{1, 1}, {0, 3}})),
                               write("a", MadeUpEvaluation().add("en", {{0, 1}, {3, 3}}))});
  EXPECT_DOUBLE_EQ(number(comparison.at("rows")[0], "change"), 50);
  EXPECT_DOUBLE_EQ(number(comparison.at("rows")[0], "p_value"), 1);
}

TEST_F(Compare, WhatDiffersIsNamedWithBothValues) {
  MadeUpEvaluation other("adapter");
  other.add("en", share(10, 2));
  other.cell()["settings"]["limit"] = 100;
  other.cell()["settings"]["lid"] = "abc";
  const auto base = write("base", MadeUpEvaluation().add("en", share(10, 6))), a = write("a", other);
  const Error refusal = error({base, a});
  EXPECT_EQ(refusal.kind(), ErrorKind::kData);
  EXPECT_EQ(exit_code(refusal.kind()), 3);
  EXPECT_THAT(refusal.what(), HasSubstr("limit: 50 in " + base + ", 100 in " + a));
  EXPECT_THAT(refusal.what(), HasSubstr("lid: nothing in"));
  EXPECT_THAT(refusal.what(), HasSubstr("--allow lid,limit"));
  options_.allow = {"limit", "lid"};
  const Json allowed = run({base, a}).at("settings").at("allowed");
  ASSERT_EQ(allowed.size(), 2);
  EXPECT_EQ(allowed[1].at("key"), "limit");
  EXPECT_EQ(allowed[1].at("base"), 50);
  EXPECT_EQ(allowed[1].at("value"), 100);
  options_.allow = {"limit"};
  EXPECT_THAT(error({base, a}).what(), HasSubstr("--allow lid"));
  options_.allow = {"limits"};
  EXPECT_EQ(error({base, a}).kind(), ErrorKind::kUsage);
  EXPECT_THAT(error({base, a}).what(), HasSubstr("did you mean \"limit\"?"));
}

// Files with their hashes: only those that differ are shown.
TEST_F(Compare, OtherDataIsNamedByItsFile) {
  MadeUpEvaluation before, after;
  before.add("en", share(10, 6)).cell()["settings"]["data"] = {{"b/en.csv", "aaa"}, {"words.txt", "www"}};
  after.add("en", share(10, 6)).cell()["settings"]["data"] = {{"b/en.csv", "bbb"}, {"words.txt", "www"}};
  const Error refusal = error({write("base", before), write("a", after)});
  EXPECT_THAT(refusal.what(), HasSubstr(R"(data: {"b/en.csv":"aaa"} in)"));
  EXPECT_THAT(refusal.what(), testing::Not(HasSubstr("words.txt")));
}

TEST_F(Compare, ASecondSeedThatWasMeasuredOtherwiseIsRefused) {
  MadeUpEvaluation other;
  other.add("en", share(10, 2));
  other.cell()["settings"]["dtype"] = "bfloat16";
  const auto base = write("base", MadeUpEvaluation().add("en", share(10, 6)));
  const auto first = write("s1", MadeUpEvaluation().add("en", share(10, 2))), second = write("s2", other);
  EXPECT_THAT(error({base, "a=" + first + "," + second}).what(), HasSubstr("dtype: \"float32\""));
}

TEST_F(Compare, OtherModelsVersionsAndScorersAreRefused) {
  const auto base = write("base", MadeUpEvaluation().add("en", share(10, 6)));
  MadeUpEvaluation model, version, unfinished;
  for (MadeUpEvaluation* one : {&model, &version, &unfinished}) one->add("en", share(10, 2));
  model.report()["model"]["hash"] = "m2";
  version.cell()["benchmark_version"] = "2";
  unfinished.report()["status"] = "interrupted";
  EXPECT_THAT(error({base, write("m", model)}).what(), HasSubstr("model: \"m1\""));
  EXPECT_THAT(error({base, write("m", model)}).what(), HasSubstr("all of whose weights were trained"));
  EXPECT_THAT(error({base, write("v", version)}).what(), HasSubstr("benchmark_version: \"1\""));
  EXPECT_THAT(error({base, write("u", unfinished)}).what(), HasSubstr("did not end"));
  options_.allow = {"model"};
  EXPECT_EQ(run({base, write("m", model)}).at("settings").at("allowed")[0].at("value"), "m2");
}

TEST_F(Compare, ReportsOfAnOlderVersionSaySo) {
  MadeUpEvaluation older;
  older.add("en", share(10, 2));
  older.cell().erase("settings");
  const auto base = write("base", MadeUpEvaluation().add("en", share(10, 6)));
  const Error refusal = error({base, write("a", older)});
  EXPECT_EQ(exit_code(refusal.kind()), 3);
  EXPECT_THAT(refusal.what(), HasSubstr("without settings: the report is of an older version"));
  older.add("fr", share(10, 2));
  older.cell(0)["settings"] = {{"limit", 50}, {"dtype", "float32"}};
  older.cell(0)["metrics"]["m"].erase("formula");
  EXPECT_THAT(error({base, write("b", older)}).what(), HasSubstr("has no formula"));
}

// Of completions the texts may differ, and so may the file that holds them; ids and prompts may not.
TEST_F(Compare, CompletionsMustAnswerTheSamePrompts) {
  const auto completions = [](const std::string& file, const std::string& prompt, double toxic) {
    MadeUpEvaluation evaluation;
    evaluation.add("en", {{toxic, 1}});
    evaluation.report()["model"] = {{"completions", {{{"file", file}, {"sha256", file}}}}, {"hash", file}};
    evaluation.cell()["benchmark"] = "completions";
    evaluation.cell()["settings"] = {{"data", file}};
    evaluation.items() = {
        {"items/completions/en.jsonl",
         dump_json(Json{{"id", "0"}, {"prompt", prompt}, {"ratios", {{"r", {toxic, 1}}}}}) + "\n"}};
    return evaluation;
  };
  const auto base = write("base", completions("sha1", "Once", 1));
  EXPECT_EQ(run({base, write("a", completions("sha2", "Once", 0))}).at("rows").size(), 1);
  EXPECT_THAT(error({base, write("b", completions("sha2", "Twice", 0))}).what(), HasSubstr("prompts: "));
  MadeUpEvaluation of_a_model;
  of_a_model.add("en", {{0, 1}});
  EXPECT_THAT(error({base, write("c", of_a_model)}).what(), HasSubstr("model: nothing in "));
}

TEST_F(Compare, WhatIsMissingIsRefusedWithItsReason) {
  MadeUpEvaluation before, after;
  before.add("en", share(10, 6)).add("fr", share(10, 5)).add("de", share(10, 5)).add("it", share(10, 5), "x");
  after.add("en", share(10, 2)).add("de", share(10, 5)).add("it", share(10, 5), "y");
  after.cell(1)["metrics"]["m"]["value"] = Json();
  after.cell(1)["metrics"]["m"]["reason"] = "no word list for de";
  const Json comparison = run({write("base", before), write("a", after)});
  EXPECT_EQ(comparison.at("rows").size(), 1);
  std::map<std::string, std::string> reasons;
  for (const Json& refused : comparison.at("refused")) {
    EXPECT_EQ(refused.at("arm"), "a");
    reasons[refused.at("language")] = refused.at("reason");
  }
  EXPECT_EQ(reasons.size(), 3);
  EXPECT_THAT(reasons.at("fr"), HasSubstr("no such cell in"));
  EXPECT_THAT(reasons.at("de"), HasSubstr("no word list for de"));
  EXPECT_THAT(reasons.at("it"), HasSubstr("no item was measured in every run"));
}

TEST_F(Compare, WhatIsMissingIsCountedByReason) {
  MadeUpEvaluation before, after;
  const std::vector<std::string> languages{"de", "en", "fr", "it"};
  for (const std::string& language : languages)
    for (MadeUpEvaluation* side : {&before, &after}) side->add(language, share(10, 5));
  for (const size_t without : {size_t{0}, size_t{2}}) {
    after.cell(without)["metrics"]["m"]["value"] = Json();
    after.cell(without)["metrics"]["m"]["reason"] = "no word list for " + languages[without];
  }
  after.cell(3)["language"] = "es";
  const auto base = write("base", before), other = write("a", after);
  EXPECT_THAT(comparison_table(run({base, other})),
              HasSubstr("4 rows were left out (\"refused\" in compare.json): not measured in " + other +
                        ": no word list for … (2), no such cell in " + other + " (1), no such cell in " +
                        base + " (1)\n"));
  after.cell(1)["metrics"]["m"]["value"] = Json();
  EXPECT_THAT(error({base, write("b", after)}).what(), HasSubstr("no word list for … (2), "));
}

TEST_F(Compare, ScorersAreRowsOfTheirOwn) {
  const auto judged = [&](const std::string& name, double first, double second) {
    MadeUpEvaluation evaluation;
    evaluation.add("en", share(2, 0));
    Json cells = Json::array();
    for (const std::string scorer : {"lists", "probe"}) {
      cells.push_back(evaluation.cell());
      cells.back()["scorer"] = scorer;
    }
    evaluation.report()["cells"] = cells;
    std::string rows;
    for (const std::string id : {"0", "1"})
      rows += dump_json(Json{{"id", id},
                             {"ratios", Json::object()},
                             {"by_scorer",
                              {{"lists", {{"ratios", {{"r", {first, 1}}}}}},
                               {"probe", {{"ratios", {{"r", {second, 1}}}}}}}}}) +
              "\n";
    evaluation.items() = {{"items/b/en.jsonl", rows}};
    return write(name, evaluation);
  };
  const Json comparison = run({judged("base", 1, 1), judged("a", 0, 1)});
  ASSERT_EQ(comparison.at("rows").size(), 2);
  EXPECT_EQ(comparison.at("rows")[0].at("scorer"), "lists");
  EXPECT_DOUBLE_EQ(number(comparison.at("rows")[0], "change"), -100);
  EXPECT_DOUBLE_EQ(number(comparison.at("rows")[1], "change"), 0);
}

// Benchmarks that were evaluated one by one, each with its own limit, are one evaluation in one folder.
TEST_F(Compare, AFolderOfEvaluationsIsOne) {
  for (const std::string arm : {"base", "a"}) {
    MadeUpEvaluation first, second;
    first.add("en", share(10, arm == "a" ? 2 : 6));
    second.add("en", share(20, 10)).cell()["benchmark"] = "c";
    second.cell()["settings"]["limit"] = 20;
    second.items() = {{"items/c/en.jsonl", second.items().at("items/b/en.jsonl")}};
    write(arm + "/first", first);
    write(arm + "/second", second);
  }
  const Json rows = run({(folder_ / "base").string(), (folder_ / "a").string()}).at("rows");
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[1].at("benchmark"), "c");
  EXPECT_EQ(rows[1].at("n_items"), 20);
  write("a/third", MadeUpEvaluation().add("en", share(10, 2)));
  EXPECT_THAT(error({(folder_ / "base").string(), (folder_ / "a").string()}).what(),
              HasSubstr("a second time"));
}

TEST_F(Compare, ArmsThatMakeNoSenseAreUsageErrors) {
  const auto base = write("base", MadeUpEvaluation().add("en", share(10, 6)));
  const auto a = write("deep/base", MadeUpEvaluation().add("en", share(10, 6)));
  for (const auto& arms :
       std::vector<std::vector<std::string>>{{base}, {base, a}, {base, "x=" + base}, {base, "x="}})
    EXPECT_EQ(error(arms).kind(), ErrorKind::kUsage) << arms.back();
  EXPECT_EQ(error({base, (folder_ / "nowhere").string()}).kind(), ErrorKind::kIo);
}

TEST_F(Compare, IsDeterminedByDataAndSeed) {
  const std::vector<std::string> arms{write("base", MadeUpEvaluation().add("en", share(60, 30))),
                                      write("a", MadeUpEvaluation().add("en", share(60, 20)))};
  const Json first = run(arms), again = run(arms);
  EXPECT_EQ(dump_json(first), dump_json(again));
  options_.seed = 1;
  EXPECT_NE(dump_json(run(arms).at("rows")), dump_json(first.at("rows")));
}

TEST_F(Compare, FilesHoldTheRows) {
  MadeUpEvaluation before, after;
  before.add("en", share(40, 30)).add("fr", share(40, 20));
  after.add("en", share(40, 2)).add("fr", share(40, 20));
  const Json comparison = run({write("base", before), "d_po=" + write("after", after)});
  write_comparison(comparison, folder_ / "out");
  EXPECT_EQ(load_json(folder_ / "out" / "compare.json"), comparison);
  const std::string csv = read_file(folder_ / "out" / "compare.csv"),
                    tex = read_file(folder_ / "out" / "compare.tex");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_THAT(csv, testing::StartsWith("benchmark,language,scoring,scorer,metric,arm,n_items"));
  EXPECT_THAT(csv, HasSubstr("\nb,en,corrected,,m,d_po,40,40,1,1,75.0,5.0,-70.0,"));
  EXPECT_THAT(tex, HasSubstr("\\toprule"));
  EXPECT_THAT(tex, HasSubstr("& d\\_po \\\\"));
  EXPECT_THAT(tex, HasSubstr("\\textbf{\\boldmath$-70.00$}"));
  EXPECT_THAT(tex, HasSubstr("mean of 1 others & 40 & $50.00$ & $+0.0000$"));
  const std::string table = comparison_table(comparison);
  EXPECT_THAT(table, HasSubstr("b: m (corrected)\nlanguage"));
  EXPECT_THAT(table, HasSubstr("p<0.0001 *"));
  // The page's table of changes is the same one.
  EXPECT_EQ(csv, csv_of(changes_table(comparison)));
}

TEST_F(Compare, ColumnsStandBelowTheirNamesHoweverManyBytesANameHas) {
  MadeUpEvaluation before, same, after;
  before.add("en", share(40, 30));
  same.add("en", share(40, 30));
  after.add("en", share(40, 2));
  const std::string long_name = "espa\xC3\xB1ol, una variante con un nombre largo";
  const std::string table = comparison_table(
      run({write("base", before), long_name + "=" + write("same", same), "dpo=" + write("after", after)}));
  const auto column_of = [&](const std::string& text) {
    const size_t at = table.find(text), line = table.rfind('\n', at) + 1;
    return display_width(std::string_view(table).substr(line, at - line));
  };
  EXPECT_EQ(column_of("dpo"), column_of("-70.00"));
}

}  // namespace
}  // namespace xlt
