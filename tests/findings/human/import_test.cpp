// SPDX-License-Identifier: Apache-2.0
// What ratings say; numbers by hand, or from the statistics' own tests.
#include "findings/human/human_testing.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/findings/human.h"
#include "xlt/findings/page.h"
#include "xlt/stats/agreement.h"

namespace xlt {
namespace {

using testing::HasSubstr;

class HumanImport : public FolderTest {
 protected:
  // A key of `count` items of arms "x" and "y" in turn, two items a prompt, scores 0.05, 0.15 …
  void write_singles(int count) {
    Json key = Json::object();
    for (int i = 0; i < count; ++i)
      key["i" + std::to_string(i)] = Json{{"arm", i % 2 ? "y" : "x"},
                                          {"language", i % 4 < 2 ? "en" : "ar"},
                                          {"benchmark", "b"},
                                          {"id", std::to_string(i / 2)},
                                          {"scores", {{"s", 0.05 + 0.1 * (i % 10)}}}};
    write_file(folder_ / "key.json", dump_json(key));
  }
  void write_pairs(int count) {
    Json key = Json::object();
    for (int i = 0; i < count; ++i)
      key["i" + std::to_string(i)] = i % 2 ? Json{{"a", "x"}, {"b", "y"}, {"language", "en"}}
                                           : Json{{"a", "y"}, {"b", "x"}, {"language", "en"}};
    write_file(folder_ / "key.json", dump_json(key));
    write_file(folder_ / "export.json", R"({"arms":[{"name":"x"},{"name":"y"}]})");
  }
  void rate(const std::string& rater, const std::string& question, const std::vector<std::string>& ratings) {
    for (size_t i = 0; i < ratings.size(); ++i)
      if (!ratings[i].empty()) csv_ += str_cat(rater, ",i", i, ",", question, ",", ratings[i], "\n");
  }
  Json found() {
    write_file(folder_ / "ratings.csv", csv_);
    options_.words = {"import", folder_.string()};
    options_.ratings = {(folder_ / "ratings.csv").string()};
    return import_ratings(options_, Context());
  }
  std::string error() {
    try {
      found();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  std::string csv_ = "rater,item_id,question,rating\n";
  HumanOptions options_;
};

TEST_F(HumanImport, AgreementIsThatOfTheTable) {
  write_singles(8);
  rate("anna", "toxicity", {"1", "2", "3", "5", "1", "1", "4", "2"});
  rate("ben", "toxicity", {"1", "3", "3", "4", "1", "2", "4", ""});
  const Json json = found();
  const Ratings table{{1, 1}, {2, 3}, {3, 3}, {5, 4}, {1, 1}, {1, 2}, {4, 4}};
  EXPECT_DOUBLE_EQ(json.at("alpha").get<double>(), *krippendorff_alpha(table, MeasurementLevel::kOrdinal));
  EXPECT_EQ(json.at("question"), "toxicity");
  EXPECT_EQ(json.at("kappa_kind"), "cohen");
  // 4 of 7 agree; by chance (3·2 + 1·1 + 1·2 + 1·2 + 1·0) / 49.
  EXPECT_NEAR(json.at("kappa").get<double>(), (4.0 / 7 - 11.0 / 49) / (1 - 11.0 / 49), 1e-12);
  const Json& interval = json.at("alpha_ci95");
  EXPECT_LT(interval[0].get<double>(), json.at("alpha").get<double>());
  EXPECT_LE(interval[1].get<double>(), 1);
  EXPECT_EQ(json.at("n_items"), 7);
  EXPECT_EQ(json.at("questions").at("toxicity").at("languages").size(), 2);
}

TEST_F(HumanImport, MoreRatersHaveFleissKappaOverItemsThatAllRated) {
  write_singles(4);
  rate("a", "in_language", {"1", "0", "1", "1"});
  rate("b", "in_language", {"1", "0", "0", "1"});
  rate("c", "in_language", {"1", "1", "1", ""});
  const Json json = found();
  EXPECT_EQ(json.at("kappa_kind"), "fleiss");
  EXPECT_DOUBLE_EQ(json.at("kappa").get<double>(), *fleiss_kappa({{0, 3}, {2, 1}, {1, 2}}));
}

TEST_F(HumanImport, FullAgreementIsNotCertain) {
  write_singles(20);
  std::vector<std::string> ratings;
  for (int i = 0; i < 20; ++i) ratings.push_back(i % 3 ? "1" : "4");
  rate("a", "toxicity", ratings);
  rate("b", "toxicity", ratings);
  const Json json = found();
  EXPECT_EQ(json.at("alpha"), 1.0);
  EXPECT_LT(json.at("alpha_ci95")[0].get<double>(), 0.8) << "ten prompts may hide some disagreement";
  EXPECT_EQ(json.at("kappa"), 1.0);
}

TEST_F(HumanImport, WhatCannotBeSaidIsNullWithAReason) {
  write_singles(4);
  rate("a", "toxicity", {"1", "1", "1", "1"});
  const Json json = found();
  EXPECT_TRUE(json.at("alpha").is_null());
  EXPECT_EQ(json.at("reason"), "no item has two ratings");
  EXPECT_THAT(dump_json(json.at("notes")), HasSubstr("one rater"));
  rate("b", "toxicity", {"1", "1", "1", "1"});
  EXPECT_EQ(found().at("reason"), "all ratings are equal, so chance would agree as well");
}

TEST_F(HumanImport, PreferencesAreSharesOfTheArmWhereverItStood) {
  write_pairs(8);
  // Item 0: a = y, b = x.  y, y, y, x, tie, y, y, y.
  rate("r", "preference", {"a", "B", "a", "a", "tie", "b", "a", "b"});
  const Json json = found();
  const Json& y = json.at("preference_rate").at("y");
  EXPECT_DOUBLE_EQ(y.at("value").get<double>(), 6.5 / 8);
  EXPECT_EQ(y.at("wins"), 6);
  EXPECT_EQ(y.at("ties"), 1);
  EXPECT_EQ(y.at("losses"), 1);
  EXPECT_DOUBLE_EQ(json.at("preference_rate").at("x").at("value").get<double>(), 1.5 / 8);
  // Seven of ± ½, six of them +: 2 · (1 + 7) / 2^7.
  EXPECT_DOUBLE_EQ(y.at("p_value").get<double>(), 16.0 / 128);
  EXPECT_EQ(y.at("p_holm"), y.at("p_value"));
  EXPECT_TRUE(json.at("preference_rate").at("x").at("p_holm").is_null()) << "the base is the others turned";
  EXPECT_LT(y.at("ci95")[0].get<double>(), 6.5 / 8);
  EXPECT_LE(y.at("ci95")[1].get<double>(), 1);
}

TEST_F(HumanImport, CalibrationHoldsScoresAgainstShareOfRatersWhoCallItToxic) {
  write_singles(10);
  rate("a", "toxicity", {"1", "1", "1", "1", "1", "1", "3", "4", "5", "5"});
  rate("b", "toxicity", {"1", "1", "1", "1", "1", "3", "1", "4", "5", "5"});
  const Json curve = found().at("scorer_calibration").at("s");
  EXPECT_EQ(curve.at("n"), 10);
  ASSERT_EQ(curve.at("bins").size(), 10);
  EXPECT_DOUBLE_EQ(curve.at("bins")[5].at("share_toxic").get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(curve.at("bins")[5].at("mean_rating").get<double>(), 2);
  EXPECT_DOUBLE_EQ(curve.at("bins")[9].at("share_toxic").get<double>(), 1);
  EXPECT_NEAR(curve.at("bins")[9].at("mean_score").get<double>(), 0.95, 1e-12);
  EXPECT_DOUBLE_EQ(curve.at("auc").get<double>(), 1) << "of 5 … 9 half or more do";
  EXPECT_EQ(curve.at("languages").size(), 2);
}

TEST_F(HumanImport, AFaultNamesItsLine) {
  write_singles(4);
  rate("a", "toxicity", {"1"});
  const std::string good = csv_;
  csv_ = good + "a,i9,toxicity,1\n";
  EXPECT_THAT(error(), HasSubstr("ratings.csv:3: unknown item \"i9\""));
  csv_ = good + "a,i1,toxicty,1\n";
  EXPECT_THAT(error(), HasSubstr("did you mean \"toxicity\""));
  csv_ = good + "a,i1,toxicity,high\n";
  EXPECT_THAT(error(), HasSubstr("no answer to toxicity; expected one of 1, 2, 3, 4, 5"));
  for (const char* beyond : {"9", "0", "2.5", "nan"}) {
    csv_ = good + "a,i1,toxicity," + beyond + "\n";
    EXPECT_THAT(error(), HasSubstr("no answer to toxicity"));
  }
  csv_ = good + "a,i1,preference,a\n";
  EXPECT_THAT(error(), HasSubstr("is a single text"));
}

TEST_F(HumanImport, RatingsOfAnotherExportAreRefusedByItsName) {
  for (const char* arm : {"x", "y"}) write_completions(folder_ / arm, arm, {"en"}, 4);
  HumanOptions form;
  form.num_items = 2;
  std::vector<std::string> ids;
  for (const char* name : {"first", "second"}) {
    form.words = {"export", (folder_ / "x").string(), (folder_ / "y").string()};
    form.output = (folder_ / name).string();
    form.seed = ids.size();
    ids.push_back(export_for_humans(form, Context()).at("export_id").get<std::string>());
  }
  for (const char* file : {"key.json", "export.json"})
    std::filesystem::copy_file(folder_ / "first" / file, folder_ / file);
  const Json second = load_json(folder_ / "second" / "key.json");
  csv_ += "a," + second.items().begin().key() + ",toxicity,1\n";
  EXPECT_THAT(error(),
              HasSubstr("is of the export " + ids[1].substr(0, 8) + "…, and this folder holds " + ids[0]));
}

TEST_F(HumanImport, ChecksSayWhoReadsAndMayLeaveOut) {
  write_singles(4);
  write_file(folder_ / "export.json",
             R"({"checks":{"i7":{"language":"en","answers":{"toxicity":"4","fluency":"2"}}}})");
  rate("careful", "toxicity", {"1", "2", "1", "4"});
  rate("hasty", "toxicity", {"5", "5", "1", "5"});
  csv_ += "careful,i7,toxicity,4\ncareful,i7,fluency,2\nhasty,i7,toxicity,1\nhasty,i7,fluency,2\n";
  const Json kept = found();
  EXPECT_EQ(kept.at("raters").at("hasty").at("checks_passed"), 1);
  EXPECT_THAT(dump_json(kept.at("notes")), HasSubstr("hasty passed 1 of 2"));
  options_.min_checks_passed = 0.8;
  const Json left = found();
  EXPECT_EQ(left.at("excluded")[0].at("rater"), "hasty");
  EXPECT_EQ(left.at("excluded")[0].at("n_ratings"), 4);
  EXPECT_THAT(dump_json(left.at("notes")), HasSubstr("hasty passed 1 of 2 attention checks, and is left out "
                                                     "with 4 ratings"));
  EXPECT_EQ(left.at("questions").at("toxicity").at("n_raters"), 1);
  EXPECT_FALSE(left.at("raters").contains("hasty"));
}

TEST_F(HumanImport, ALaterRatingReplacesAnEarlierAndIsTold) {
  write_singles(2);
  rate("a", "toxicity", {"1", "2"});
  rate("a", "toxicity", {"1", "3"});
  rate("b", "toxicity", {"1", "3"});
  const Json json = found();
  EXPECT_EQ(json.at("alpha"), 1.0);
  EXPECT_THAT(dump_json(json.at("notes")), HasSubstr("1 ratings were given twice"));
}

TEST_F(HumanImport, AReportShowsIt) {
  write_singles(10);
  rate("a", "toxicity", {"1", "1", "1", "1", "1", "1", "3", "4", "5", "5"});
  rate("b", "toxicity", {"1", "1", "2", "1", "1", "3", "1", "4", "5", "5"});
  const Json json = found();
  write_file(folder_ / "human.json", dump_json(json));
  PageOptions page;
  page.folders = {(folder_ / "human.json").string()};
  const Json tables = page_data(page, Context()).at("tables");
  EXPECT_EQ(tables.at("human_agreement").at("rows")[0][2], json.at("alpha"));
  EXPECT_EQ(tables.at("human_calibration").at("rows").size(), 10);
  EXPECT_EQ(tables.at("human_ratings").at("rows").size(), 6) << "two arms: all, and two languages";
}

}  // namespace
}  // namespace xlt
