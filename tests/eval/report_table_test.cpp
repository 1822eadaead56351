// SPDX-License-Identifier: Apache-2.0
// The report as text.
#include "eval/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json cell(const std::string& language, const std::string& scoring, Json value, Json interval) {
  return {{"benchmark", "perplexity"},
          {"language", language},
          {"scoring", scoring},
          {"n_scored", 7},
          {"unscored", Json::object()},
          {"headline", {"bits_per_byte"}},
          {"metrics", {{"bits_per_byte", {{"value", std::move(value)}, {"ci95", std::move(interval)}}}}}};
}

TEST(ReportText, SmallNumbersKeepTwoDigits) {
  EXPECT_EQ(number_text(0.000229), "0.00023");
  EXPECT_EQ(signed_text(-0.0004), "-0.00040");
  EXPECT_EQ(signed_text(0.002), "+0.002");
  EXPECT_EQ(signed_text(-1e-9), "+0.000");
  EXPECT_EQ(number_text(12.34), "12.3");
  EXPECT_EQ(number_text(0), "0.000");
}

TEST(ReportTable, ShowsValuesIntervalsAndWhatWasNotMeasured) {
  Json report{{"cells",
               {cell("en", "paper", 0.75, Json()), cell("en", "corrected", 0.5, {0.4, 0.6}),
                cell("zh", "corrected", 12.25, Json()), cell("sw", "corrected", Json(), Json()),
                cell("yo", "corrected", Json(), Json())}}};
  for (size_t i : {3, 4}) report["cells"][i]["reason"] = "no data file udhr/x.jsonl";
  EXPECT_EQ(report_table(report),
            "\n"
            "perplexity (corrected scoring)\n"
            "    language  n  bits_per_byte\n"
            "-------------------------------------\n"
            "en  English   7  0.500 [0.400, 0.600]\n"
            "zh  Chinese   7  12.2\n"
            "not measured (no data file): sw yo\n"
            "paper scoring differs most in en: bits_per_byte +0.250\n"
            "\n[95 % interval over items]\n");
}

TEST(ReportTable, ThePublishedCodesRoundingIsNoDifference) {
  Json paper = cell("en", "paper", 33.33, Json()), corrected = cell("en", "corrected", 100.0 / 3, Json());
  corrected["metrics"]["bits_per_byte"]["formula"] = {{"scale", 100}};
  EXPECT_THAT(report_table({{"cells", {paper, corrected}}}), Not(HasSubstr("differs most")));
  paper["metrics"]["bits_per_byte"]["value"] = 33.25;
  EXPECT_THAT(report_table({{"cells", {paper, corrected}}}),
              HasSubstr("differs most in en: bits_per_byte -0.083"));
}

TEST(ReportTable, AFigureOfFewerItemsSaysOfHowMany) {
  Json en = cell("en", "corrected", 0.5, {0.4, 0.6}), fr = cell("fr", "corrected", 0.25, Json());
  en["metrics"]["bits_per_byte"]["n"] = 7;
  fr["metrics"]["bits_per_byte"]["n"] = 3;
  const std::string table = report_table({{"cells", {en, fr}}});
  EXPECT_THAT(table, HasSubstr("en  English   7  0.500 [0.400, 0.600]\n"
                               "fr  French    7  0.250 n=3\n"));
  EXPECT_THAT(table, HasSubstr("n= beside a figure: those that it is of"));
  fr["change"]["bits_per_byte"] = {
      {"before", 0.5}, {"after", 0.25}, {"change", -0.25}, {"ci95", Json()}, {"n", 2}};
  EXPECT_THAT(report_table({{"transfer", Json::array()}, {"cells", {fr}}}), HasSubstr("0.500 → 0.250 n=2\n"));
}

TEST(ReportTable, DashesHaveTheirReasonsBelow) {
  Json en = cell("en", "corrected", 0.5, Json()), fr = cell("fr", "corrected", 0.25, Json()),
       zh = cell("zh", "corrected", 0.5, Json());
  for (Json* cell : {&en, &fr, &zh}) {
    (*cell)["headline"] = {"bits_per_byte", "a", "b"};
    for (const char* name : {"a", "b"})
      (*cell)["metrics"][name] = {{"value", Json()}, {"ci95", Json()}, {"reason", "no --lid"}};
  }
  zh["metrics"]["a"]["reason"] = "undefined";
  en["metrics"]["b"] = {{"value", 0.75}, {"ci95", Json()}};
  EXPECT_THAT(report_table({{"cells", {en, fr, zh}}}), HasSubstr("zh  Chinese   7  0.500          –  –\n"
                                                                 "– in a: no --lid (en fr)\n"
                                                                 "– in a: undefined (zh)\n"
                                                                 "– in b: no --lid (fr zh)\n"));
  zh["metrics"]["a"]["reason"] = "no --lid";
  en["metrics"]["b"] = en["metrics"]["a"];
  EXPECT_THAT(report_table({{"cells", {en, fr, zh}}}), HasSubstr("\n– in a, b: no --lid (en fr zh)\n"));
}

TEST(ReportTable, ADashInAScorersCardHasItsReasonToo) {
  Json en = cell("en", "corrected", 0.5, Json()), fr = cell("fr", "corrected", 0.25, Json());
  en["card"] = {{"auc", 0.75}, {"auc_ci95", {0.5, 0.875}}, {"n", 9}};
  fr["card"] = {{"auc", nullptr}, {"reason", "no rows in this language"}};
  const std::string table = report_table({{"cells", {en, fr}}});
  EXPECT_THAT(table, HasSubstr("0.750 [0.500, 0.875]"));
  EXPECT_THAT(table, HasSubstr("– in scorer's AUC (card): no rows in this language (fr)\n"));
}

TEST(ReportTable, PutsManyMetricsBelowEachOther) {
  Json one = cell("en", "corrected", 0.5, Json());
  one["headline"] = {"a", "b", "c", "d"};
  for (const char* name : {"a", "b", "c", "d"}) one["metrics"][name] = {{"value", 0.5}, {"ci95", Json()}};
  EXPECT_THAT(report_table({{"cells", {one}}}), HasSubstr("    language  n  a      b\n"
                                                          "-----------------------------\n"
                                                          "en  English   7  0.500  0.500\n"
                                                          "\n"
                                                          "    language  n  c      d\n"));
}

TEST(ReportTable, EachScorerHasItsTableAndTheLimitIsSaid) {
  Json one = cell("en", "corrected", 0.5, Json()), other = cell("en", "corrected", 0.25, Json());
  one["scorer"] = "word_list";
  other["scorer"] = "fasttext:x";
  const std::string table =
      report_table({{"config", {{"limit", 20}, {"limit_order", "random"}}}, {"cells", {one, other}}});
  EXPECT_THAT(table, HasSubstr("perplexity (corrected scoring; scored by word_list)\n"
                               "    language  n  bits_per_byte\n"
                               "------------------------------\n"
                               "en  English   7  0.500\n"));
  EXPECT_THAT(table, HasSubstr("scored by fasttext:x)\n    language  n  bits_per_byte\n"));
  EXPECT_THAT(table, HasSubstr("[at most 20 items a file, drawn at random, the same in every language]"));
}

TEST(ReportTable, WhatNoScorerChangesIsShownOnce) {
  Json report{{"cells", Json::array()}};
  for (const char* language : {"en", "fr"})
    for (const char* scorer : {"word_list", "probe:x"}) {
      Json& one = report["cells"].emplace_back(cell(language, "corrected", 0.5, Json()));
      one["scorer"] = scorer;
      one["headline"] = {"bits_per_byte", "toxic", "dist_1"};
      one["metrics"]["toxic"] = {{"value", 0.25}, {"ci95", Json()}};
      one["metrics"]["dist_1"] = {{"value", 0.75}, {"ci95", Json()}};
    }
  report["cells"][3]["metrics"]["toxic"]["value"] = 0.125;  // in French alone
  EXPECT_THAT(report_table(report), HasSubstr("\nperplexity (corrected scoring; scored by probe:x)\n"
                                              "    language  n  toxic\n"
                                              "----------------------\n"
                                              "en  English   7  0.250\n"
                                              "fr  French    7  0.125\n"
                                              "as under word_list: bits_per_byte, dist_1\n"));
}

TEST(ReportTable, ShowsBeforeAfterAndMarksIntervalsThatExcludeZero) {
  Json report{{"transfer", Json::array()},
              {"cells", {cell("en", "corrected", 0.5, Json()), cell("fr", "corrected", 0.5, Json())}}};
  report["cells"][0]["change"]["bits_per_byte"] = {
      {"before", 0.75}, {"after", 0.5}, {"change", -0.25}, {"ci95", {-0.3, -0.2}}, {"n", 7}};
  report["cells"][1]["change"]["bits_per_byte"] = {
      {"before", 0.5}, {"after", 0.5}, {"change", 0}, {"ci95", {-0.1, 0.1}}, {"n", 7}};
  const std::string table = report_table(report);
  EXPECT_THAT(table, HasSubstr("0.750 → 0.500 (-0.300, -0.200)*\n"));
  EXPECT_THAT(table, HasSubstr("0.500 → 0.500 (-0.100, +0.100)\n"));
}

TEST(ReportSummary, IsEmptyWithoutABaseline) {
  EXPECT_EQ(report_summary({{"cells", {cell("en", "paper", 1, Json())}}}), "");
}

TEST(ReportSummary, SaysWhatFellAndWhatRoseWithIntervals) {
  Json report{{"cells", {cell("en", "corrected", 1, Json())}}};
  report["transfer"] = {
      {{"benchmark", "perplexity"},
       {"scoring", "corrected"},
       {"metric", "bits_per_byte"},
       {"subject", "bits per byte"},
       {"english", {{"change", 0.01}, {"ci95", {0, 0.02}}}},
       {"others",
        {{"n_languages", 13}, {"change", 0.004}, {"ci95", {-0.001, 0.009}}, {"fell", 1}, {"rose", 3}}}}};
  EXPECT_EQ(
      report_summary(report),
      "From before to after (95 % intervals; a language counts where its own excludes 0): bits per byte "
      "fell in 1 and rose in 3 of 13 languages other than English, on average by +0.004 (-0.001, "
      "+0.009), in English by +0.010 (+0.000, +0.020).");
}

TEST(ReportSummary, NamesTheScorer) {
  Json report{{"cells", {{{"benchmark", "rtp_lx"}, {"scoring", "corrected"}}}}};
  report["transfer"] = {{{"benchmark", "rtp_lx"},
                         {"scoring", "corrected"},
                         {"scorer", "some_judge"},
                         {"metric", "expected_max_toxicity"},
                         {"subject", "toxicity (expected maximum, rtp_lx)"},
                         {"english", {{"change", -0.1}, {"ci95", {-0.2, -0.05}}}},
                         {"others", Json()}}};
  EXPECT_THAT(report_summary(report),
              ::testing::HasSubstr("(expected maximum, rtp_lx), scorer some_judge, changed in English by"));
}

}  // namespace
}  // namespace xlt
