// SPDX-License-Identifier: Apache-2.0
// CrowS-Pairs on scripted log-likelihoods.
#include "eval/eval_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CrowsPairs : public EvalTest {
 protected:
  CrowsPairs() { options_.benchmarks = {"crows_pairs"}; }
  static constexpr const char* kHeader = ",sent_more,sent_less,stereo_antistereo,bias_type\n";
};

TEST_F(CrowsPairs, ThreePairsGiveTheLiteralScores) {
  write_data("crows_pairs/en_US.csv", std::string(kHeader) +
                                          "7,a more,a less,stereo,gender\n"
                                          "3,b more,b less,antistereo,religion\n"
                                          "5,\"c, \"\"quoted\"\" more\",c less,,religion\n");
  lm_.scripted = {{"a more", {-10, 5}},
                  {"a less", {-12, 5}},  // hit by every rule
                  {"b more", {-9, 3}},
                  {"b less", {-10, 4}},  // the sum prefers more, the means less
                  {"c, \"quoted\" more", {-6, 2}},
                  {"c less", {-6, 2}}};  // tie
  const Json report = run();
  const Json paper = cell(report, "crows_pairs", "en", "paper"),
             corrected = cell(report, "crows_pairs", "en", "corrected");
  EXPECT_DOUBLE_EQ(value(paper, "pct_stereotype/gender"), 100);
  EXPECT_DOUBLE_EQ(value(paper, "pct_stereotype/religion"), 0);  // a tie is no hit
  EXPECT_DOUBLE_EQ(value(paper, "pct_stereotype"), (1 * 100 + 2 * 0) / 3.0);
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype/religion"), 25);  // a tie is half a hit
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype"), 50);
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype_of_sums"), 100 * 2.5 / 3);
  EXPECT_DOUBLE_EQ(value(corrected, "likelihood_diff"), (2 + 1 + 0) / 3.0);
  EXPECT_EQ(corrected.at("n_items"), 3);
  EXPECT_EQ(corrected.at("n_scored"), 3);
  EXPECT_EQ(corrected.at("metrics").at("pct_stereotype/religion").at("n"), 2);
  EXPECT_TRUE(corrected.at("metrics").at("pct_stereotype").at("higher_is_better").is_null());
  EXPECT_TRUE(corrected.at("metrics").at("pct_stereotype/age").at("value").is_null());
}

TEST_F(CrowsPairs, PaperScoringAveragesTheConstantOfBosIn) {
  write_data("crows_pairs/en_US.csv", std::string(kHeader) + "0,short,long,stereo,age\n");
  lm_.scripted = {{"short", {-6, 2}}, {"long", {-12.4, 4}}};
  lm_.bos = -8;  // (−6 − 8) / 3 = −4.67 < (−12.4 − 8) / 5 = −4.08, while −3 > −3.1
  const Json report = run();
  EXPECT_DOUBLE_EQ(value(cell(report, "crows_pairs", "en", "paper"), "pct_stereotype"), 0);
  EXPECT_DOUBLE_EQ(value(cell(report, "crows_pairs", "en", "corrected"), "pct_stereotype"), 100);
}

TEST_F(CrowsPairs, TokenizerWithoutBosAveragesTokensOnly) {
  write_data("crows_pairs/en_US.csv", std::string(kHeader) + "0,short,long,stereo,age\n");
  lm_.scripted = {{"short", {-6, 2}}, {"long", {-12.4, 4}}};
  lm_.bos = std::nullopt;
  EXPECT_DOUBLE_EQ(value(cell(run(), "crows_pairs", "en", "paper"), "pct_stereotype"), 100);
  EXPECT_EQ(lm_.last_start, TextStart::kDocument);
}

TEST_F(CrowsPairs, PaperScoringRoundsEachTypeBeforeTheMean) {
  std::string rows = kHeader;
  for (int i = 0; i < 3; ++i)
    rows += str_cat(i, ",more", i, ",less", i, i == 1 ? ",antistereo" : ",neither", ",race-color\n");
  write_data("crows_pairs/en_US.csv", rows + "3,more3,less3,stereo,age\n");
  lm_.fallback = [](const std::string& text) {
    return LogLikelihood{text == "more0" || text == "more3" ? -1.0
                         : text.starts_with("more")         ? -3.0
                                                            : -2.0,
                         1};
  };
  const Json report = run();
  EXPECT_DOUBLE_EQ(value(cell(report, "crows_pairs", "en", "paper"), "pct_stereotype"),
                   (3 * 33.33 + 1 * 100.0) / 4);
  EXPECT_DOUBLE_EQ(value(cell(report, "crows_pairs", "en", "corrected"), "pct_stereotype"), 50);
}

TEST_F(CrowsPairs, RoundsHalvesToEvenAsThePublishedCodeDoes) {
  std::string rows = kHeader;  // 1 / 160 = 0.625 %: 0.62, not 0.63
  for (int i = 0; i < 160; ++i) rows += str_cat(i, ",more", i, ",less,stereo,age\n");
  write_data("crows_pairs/en_US.csv", rows);
  lm_.fallback = [](const std::string& text) {
    return LogLikelihood{text == "more0" ? -1.0 : text == "less" ? -2.0 : -3.0, 1};
  };
  EXPECT_DOUBLE_EQ(value(cell(run(), "crows_pairs", "en", "paper"), "pct_stereotype"), 0.62);
}

TEST_F(CrowsPairs, RowsOfOtherTypesAreCountedWithTheirReason) {
  write_data("crows_pairs/mt_MT.csv", std::string(kHeader) +
                                          "0,more,less,stereo,autre\n"
                                          "1,more,less,stereo,\n"
                                          "2,m\xC4\xA7ux,l-g\xC4\xA7odwa,stereo,age\n");
  options_.langs = {"mt"};
  const Json paper = cell(run(), "crows_pairs", "mt", "paper");
  EXPECT_EQ(paper.at("n_items"), 3);
  EXPECT_EQ(paper.at("n_scored"), 1);
  EXPECT_EQ(paper.at("unscored").at("bias type \"autre\" is not one of the nine"), 1);
  EXPECT_EQ(paper.at("unscored").at("bias type \"\" is not one of the nine"), 1);
  EXPECT_THAT(lm_.rolling_texts, ElementsAre("m\xC4\xA7ux", "l-g\xC4\xA7odwa"));
}

TEST_F(CrowsPairs, SentenceThatCannotBeScoredIsUnscoredNotZero) {
  write_data("crows_pairs/en_US.csv",
             std::string(kHeader) + "0,more,less,stereo,age\n1,x,,stereo,age\n2,bad,less,stereo,age\n");
  lm_.scripted = {{"more", {-1, 1}}, {"less", {-2, 1}}, {"x", {-1, 1}}, {"", {0, 0}}, {"bad", {NAN, 1}}};
  const Json corrected = cell(run(), "crows_pairs", "en", "corrected");
  EXPECT_EQ(corrected.at("n_scored"), 1);
  EXPECT_EQ(corrected.at("unscored").at("a sentence without tokens to score"), 1);
  EXPECT_EQ(corrected.at("unscored").at("a log-likelihood that is not finite"), 1);
  EXPECT_DOUBLE_EQ(value(corrected, "pct_stereotype"), 100);
}

TEST_F(CrowsPairs, ItemRowsHoldBothSidesAndRepeatedIdsAreToldApart) {
  write_data("crows_pairs/es_AR.csv",
             std::string(kHeader) + "9,uno,dos,stereo,age\n9,tres,cuatro cinco,antistereo,age\n");
  options_.langs = {"es"};
  run();
  LineReader lines(fs::path(options_.output) / "items" / "crows_pairs" / "es.jsonl");
  EXPECT_EQ(parse_json(*lines.next(), "").at("id"), "9");
  const Json second = parse_json(*lines.next(), "");
  EXPECT_EQ(second.at("id"), "9#2");
  EXPECT_EQ(second.at("sent_less").at("text"), "cuatro cinco");
  EXPECT_EQ(second.at("sent_less").at("log_likelihood"), -2);
  EXPECT_EQ(second.at("sent_less").at("num_tokens"), 2);
}

TEST_F(CrowsPairs, UserFilesAddLanguages) {
  write_data("crows_pairs/fi_FI.csv", std::string(kHeader) + "0,a,b,stereo,age\n");
  options_.langs = {"all"};
  const Json report = run();
  EXPECT_EQ(cell(report, "crows_pairs", "fi-FI", "corrected").at("n_items"), 1);
  EXPECT_THAT(cell(report, "crows_pairs", "zh", "corrected").at("reason").get<std::string>(),
              HasSubstr("crows_pairs/zh_CN.csv"));
}

}  // namespace
}  // namespace xlt
