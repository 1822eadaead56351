// SPDX-License-Identifier: Apache-2.0
// Cards: what is counted over which rows, what is null, which languages were seen.
#include "xlt/scorers/card.h"

#include "scratch_folder.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

// The number that the text is; "?" cannot be scored.
class NumberScorer final : public TextScorer {
 public:
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) {
      if (request.text == "?")
        results.emplace_back(Unscored{Reason::kEmptyText});
      else
        results.emplace_back(Score{std::stod(request.text)});
    }
    return results;
  }
  std::string name() const override { return "numbers"; }
  std::string hash() const override { return "n1"; }
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  std::vector<std::string> trained_languages() const override { return trained; }
  std::vector<std::string> trained;
};

class Lines final : public Log {
 public:
  void write(LogLevel level, const std::string& line) override {
    if (level == LogLevel::kWarning) lines.push_back(line);
  }
  std::vector<std::string> lines;
};

class Cards : public FolderTest {
 protected:
  Json card(const std::vector<LabelledText>& rows, const CardOptions& options = {}) {
    return make_card(scorer_, rows, options, {});
  }
  NumberScorer scorer_;
};

TEST_F(Cards, EverythingIsOverScoredRows) {
  const Json all = card({{"0.9", "en", 1, ""},
                         {"0.4", "en", 1, ""},
                         {"0.6", "en", 0, ""},
                         {"0.1", "en", 0, ""},
                         {"?", "en", 1, ""}});
  EXPECT_EQ(all.at("scorer"), "numbers");
  EXPECT_EQ(all.at("scorer_hash"), "n1");
  const Json& en = all.at("languages").at("en");
  EXPECT_EQ(en.at("n"), 5);
  EXPECT_EQ(en.at("n_scored"), 4);
  EXPECT_EQ(en.at("n_positive"), 2);
  EXPECT_EQ(en.at("unscored"), Json({{"empty text", 1}}));
  EXPECT_EQ(en.at("auc"), 0.75);
  EXPECT_LT(en.at("auc_ci95")[0].get<double>(), 0.75);
  EXPECT_EQ(en.at("accuracy"), 0.5);
  EXPECT_EQ(en.at("f1"), 0.5);
  EXPECT_NEAR(en.at("brier").get<double>(), (0.01 + 0.36 + 0.36 + 0.01) / 4, 1e-12);
  EXPECT_EQ(en.at("positive_rate_on_benign"), 0.5);
  EXPECT_TRUE(en.at("spearman").is_null());
  EXPECT_TRUE(en.at("seen").is_null());
  EXPECT_FALSE(all.contains("unseen"));
}

TEST_F(Cards, WhatFlattersOrIsMissingIsWarnedOf) {
  Lines log;
  Context context;
  context.log = &log;
  CardOptions options;
  options.was_trained_on = [](const std::string& text) { return text == "0.9"; };
  const Json all = make_card(
      scorer_, {{"0.9", "en", 1, ""}, {"0.1", "en", 0, ""}, {"?", "de", 1, ""}, {"0.2", "fr", 0, ""}},
      options, context);
  EXPECT_EQ(all.at("languages").at("en").at("n_in_training"), 1);
  ASSERT_EQ(log.lines.size(), 2);
  EXPECT_EQ(log.lines[0], "de: none of 1 rows has a score: empty text (1)");
  EXPECT_THAT(log.lines[1], HasSubstr("en: the scorer was fitted to 1 of 2 rows"));
}

TEST_F(Cards, GradedLabelsAreSplitAtOneHalfAndRanked) {
  const Json all = card({{"0.1", "en", 0.25, ""}, {"0.2", "en", 0.5, ""}, {"0.9", "en", 0.75, ""}});
  const Json& en = all.at("languages").at("en");
  EXPECT_EQ(en.at("n_positive"), 2);
  EXPECT_EQ(en.at("spearman"), 1);
  EXPECT_TRUE(en.at("positive_rate_on_benign").is_null());  // no row says 0
}

TEST_F(Cards, OneClassHasNoAreaAndNoRowsHaveNothing) {
  const Json all = card({{"0.1", "de", 0, ""}, {"0.2", "de", 0, ""}, {"?", "sw", 1, ""}});
  EXPECT_TRUE(all.at("languages").at("de").at("auc").is_null());
  EXPECT_TRUE(all.at("languages").at("de").at("auc_ci95").is_null());
  EXPECT_EQ(all.at("languages").at("de").at("accuracy"), 1);
  for (const char* field : {"auc", "accuracy", "f1", "brier", "ece", "positive_rate_on_benign"})
    EXPECT_TRUE(all.at("languages").at("sw").at(field).is_null()) << field;
}

TEST_F(Cards, SeenAndUnseenLanguagesStandApart) {
  const std::vector<LabelledText> rows = {{"0.9", "pt-BR", 1, ""},
                                          {"0.1", "pt-BR", 0, ""},
                                          {"0.1", "de", 1, ""},
                                          {"0.9", "de", 0, ""},
                                          {"0.1", "fr", 1, ""}};
  scorer_.trained = {"pt"};
  Json all = card(rows);
  EXPECT_EQ(all.at("languages").at("pt-BR").at("seen"), true);
  EXPECT_EQ(all.at("seen").at("auc_mean"), 1);
  EXPECT_EQ(all.at("unseen").at("auc_mean"), 0);
  EXPECT_EQ(all.at("unseen").at("languages"), Json({"de", "fr"}));
  EXPECT_EQ(all.at("unseen").at("n_auc"), 1);  // French has one class
  all = card(rows, {.seen = {"de"}});
  EXPECT_EQ(all.at("seen").at("auc_mean"), 0);
  EXPECT_THAT(card_table(all), HasSubstr("mean AUC over 1 unseen languages: 1.000"));
}

TEST_F(Cards, HarmlessTextsComeFromAFolderOrAFile) {
  const std::vector<LabelledText> rows = {{"0.9", "en", 1, ""}, {"0.9", "de", 1, ""}};
  fs::create_directories(folder_ / "udhr");
  write_file(folder_ / "udhr" / "en.jsonl", "{\"text\":\"0.7\"}\n{\"text\":\"0.2\"}\n");
  Json all = card(rows, {.benign = folder_.string()});
  EXPECT_EQ(all.at("languages").at("en").at("benign").at("positive_rate"), 0.5);
  EXPECT_EQ(all.at("languages").at("en").at("benign").at("sources"), "udhr");
  EXPECT_FALSE(all.at("languages").at("de").contains("benign"));
  write_file(folder_ / "benign.jsonl", "{\"text\":\"0.7\",\"language\":\"de\"}\n");
  all = card(rows, {.benign = (folder_ / "benign.jsonl").string()});
  EXPECT_EQ(all.at("languages").at("de").at("benign").at("positive_rate"), 1);
}

}  // namespace
}  // namespace xlt
