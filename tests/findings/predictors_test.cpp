// SPDX-License-Identifier: Apache-2.0
// Predictors of transfer, on made-up changes.
#include "xlt/findings/predictors.h"

#include "findings/token_predictors.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {
namespace {

using testing::HasSubstr;

// One token a character; 1000 is BOS.
class CharacterTokenizer final : public Tokenizer {
 public:
  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int64_t> ids;
    if (special == SpecialTokens::kAdd) ids.push_back(1000);
    for (char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  std::string decode(std::span<const int64_t> ids) const override { return {}; }
  int64_t vocab_size() const override { return 1001; }
  std::optional<int64_t> bos_id() const override { return 1000; }
  std::optional<int64_t> eos_id() const override { return {}; }
  std::optional<int64_t> token_to_id(std::string_view) const override { return {}; }
  std::vector<int64_t> prefix_ids() const override { return {1000}; }
  std::vector<int64_t> suffix_ids() const override { return {}; }
};

TEST(TokenPredictors, AreCountedOverAllTexts) {
  // "abb" and "ab c": a and b are shared; 3 + 4 tokens.
  const Json json = token_predictors(CharacterTokenizer(), {{"abb", "ab c"}, {"x", "y"}}, false);
  EXPECT_DOUBLE_EQ(json.at("fertility").get<double>(), 5.0 / 3);
  EXPECT_DOUBLE_EQ(json.at("bytes_per_token").get<double>(), 1);
  EXPECT_DOUBLE_EQ(json.at("single_token_words").get<double>(), 2.0 / 3);  // c and y
  EXPECT_DOUBLE_EQ(json.at("subword_overlap").get<double>(), 2.0 / 9);
  // With BOS, which both share, in both texts.
  const Json paper = token_predictors(CharacterTokenizer(), {{"abb", "ab c"}, {"x", "y"}}, true);
  EXPECT_DOUBLE_EQ(paper.at("subword_overlap").get<double>(), 4.0 / 13);
  EXPECT_EQ(paper.at("fertility"), json.at("fertility"));
}

TEST(TokenPredictors, OfNoTextsAreNull) {
  const Json json = token_predictors(CharacterTokenizer(), {}, false);
  EXPECT_EQ(json.size(), 4);
  for (const auto& [name, value] : json.items()) EXPECT_TRUE(value.is_null()) << name;
}

class Predictors : public FolderTest {
 protected:
  // Changes of eight languages and a table of one predictor, as protocol 6.N3 has them: rho 0.83.
  Predictors() {
    const double changes[] = {1, 2, 3, 4, 5, 6, 7, 8}, sizes[] = {2, 1, 4, 3, 6, 8, 5, 7};
    const char* languages[] = {"ar", "ca", "de", "es", "fr", "it", "mt", "zh"};
    std::string table = "language,size\n";
    for (int i = 0; i < 8; ++i) {
      comparison_["rows"].push_back(Json{{"benchmark", "b"},
                                         {"language", languages[i]},
                                         {"scoring", "corrected"},
                                         {"scorer", Json()},
                                         {"metric", "m"},
                                         {"arm", "dpo"},
                                         {"change_relative", changes[i]}});
      table += str_cat(languages[i], ",", sizes[i], "\n");
    }
    comparison_["rows"].push_back(comparison_["rows"][0]);
    comparison_["rows"].back()["language"] = "mean_others";
    comparison_["rows"].push_back(comparison_["rows"][0]);
    comparison_["rows"].back()["language"] = "en";
    write_file(folder_ / "sizes.csv", table);
    options_.table = {(folder_ / "sizes.csv").string()};
    options_.num_resamples = 200;
  }
  Json found() {
    return correlate(options_, comparison_,
                     language_predictors(options_, comparison_, texts_, CharacterTokenizer(), similarities_),
                     {});
  }
  static const Json& row(const Json& found, const std::string& predictor, const std::string& kind,
                         const std::string& given = "") {
    for (const Json& row : found.at("correlations"))
      if (row.at("predictor") == predictor && row.at("kind") == kind &&
          row.at("given") == (given.empty() ? Json() : Json(given)))
        return row;
    throw std::runtime_error("no row of " + predictor);
  }
  Json comparison_{{"rows", Json::array()}};
  ParallelTexts texts_{{"en", {{"1", "one"}}}, {"de", {{"1", "eins"}}}};
  SentenceSimilarities similarities_{{"de", {{0.5, 1.0}, {0.25, 0.5}}}};
  PredictorsOptions options_;
};

TEST_F(Predictors, KnowEveryLanguageButTheSource) {
  const Json languages = found().at("languages");
  EXPECT_EQ(languages.size(), 8);
  EXPECT_EQ(languages.at("de").at("pretraining_share"), Json(5.289));
  EXPECT_EQ(languages.at("de").at("size"), Json(4.0));
  EXPECT_EQ(languages.at("de").at("typology").at("fam"), Json(0.5443));
  EXPECT_EQ(languages.at("de").at("sentence_similarity").at("mean"), Json(0.75));
  EXPECT_EQ(languages.at("de").at("retrieval_accuracy"), Json::parse(R"({"0":0.25,"1":0.5,"mean":0.375})"));
  EXPECT_TRUE(languages.at("fr").at("retrieval_accuracy").at("mean").is_null());
  EXPECT_EQ(languages.at("de").at("fertility"), Json(4.0));
  EXPECT_TRUE(languages.at("fr").at("fertility").is_null());
  EXPECT_TRUE(languages.at("zh").at("pretraining_share_aya").is_null()) << "the published count is wrong";
}

TEST_F(Predictors, SpearmanHasItsOwnPAndAWarningForFewLanguages) {
  const Json result = found();
  const Json& size = row(result, "size", "spearman");
  // Squared differences of ranks sum to 14: 1 − 6 · 14 / (8 · 63).
  EXPECT_NEAR(size.at("value").get<double>(), 1 - 84.0 / 504, 1e-12);
  EXPECT_NEAR(size.at("p_value").get<double>(), 0.0101755, 1e-6);  // t = 3.6927 of 6 degrees, scipy
  EXPECT_GE(size.at("p_holm").get<double>(), size.at("p_value").get<double>());
  EXPECT_EQ(size.at("n"), 8);
  EXPECT_THAT(size.at("warning").get<std::string>(), HasSubstr("below |r| = 0.71"));
  EXPECT_LE(size.at("leave_one_out")[0].get<double>(), size.at("value").get<double>());
  EXPECT_GE(size.at("leave_one_out")[1].get<double>(), size.at("value").get<double>());
  EXPECT_LT(size.at("ci95")[0].get<double>(), size.at("ci95")[1].get<double>());
}

TEST_F(Predictors, PaperModeCountsEveryRowThreeTimesWithPearsonsP) {
  options_.mode = "paper";
  const Json result = found();
  const Json &rank = row(result, "size", "spearman"), &line = row(result, "size", "pearson");
  EXPECT_NEAR(rank.at("value").get<double>(), 1 - 84.0 / 504, 1e-12);
  EXPECT_EQ(rank.at("n"), 24);
  EXPECT_NEAR(rank.at("p_value").get<double>(), 4.2984787760e-7, 1e-14);  // was 0.010
  EXPECT_EQ(rank.at("p_value"), line.at("p_value"));
  EXPECT_TRUE(rank.at("p_holm").is_null());
  EXPECT_TRUE(result.at("languages").at("zh").at("pretraining_share_aya").is_number());
}

TEST_F(Predictors, OfFourLanguagesAPerfectOrderIsNoFinding) {
  for (Json& row : comparison_["rows"])
    if (row["change_relative"] > 4) row["change_relative"] = nullptr;
  write_file(folder_ / "sizes.csv", "language,size\nar,1\nca,2\nde,3\nes,4\n");
  const Json result = found();
  const Json& size = row(result, "size", "spearman");
  EXPECT_EQ(size.at("value"), Json(1.0));
  EXPECT_DOUBLE_EQ(size.at("p_value").get<double>(), 2.0 / 24) << "Student's t of n - 2 degrees says 0";
  EXPECT_EQ(size.at("p_holm"), Json(1.0));
  EXPECT_FALSE(size.at("is_finding_possible").get<bool>());
  EXPECT_THAT(size.at("warning").get<std::string>(), HasSubstr("24 orders, so no p is below 0.083"));
  EXPECT_FALSE(row(found(), "typology/fam", "spearman").at("is_finding_possible").get<bool>());
}

TEST_F(Predictors, OfEightLanguagesItMayBeOne) {
  EXPECT_TRUE(row(found(), "size", "spearman").at("is_finding_possible").get<bool>());
}

TEST_F(Predictors, WhatIsHeldFixedIsNamed) {
  // Lengths of the second texts make fertilities that differ.
  for (const char* language : {"ar", "ca", "es", "fr", "it", "mt", "zh"})
    texts_[language] = {{"1", std::string(language) + std::string(texts_.size(), 'x')}};
  const Json result = found();
  const Json& partial = row(result, "pretraining_share", "spearman", "fertility");
  EXPECT_TRUE(partial.at("value").is_number());
  EXPECT_EQ(partial.at("n"), 8);
}

TEST_F(Predictors, WhatIsConstantHasNoCorrelationButAReason) {
  for (Json& row : comparison_["rows"]) row["change_relative"] = 1;
  const Json result = found();
  EXPECT_TRUE(row(result, "size", "spearman").at("value").is_null());
  EXPECT_THAT(row(result, "size", "spearman").at("warning").get<std::string>(), HasSubstr("constant"));
}

TEST_F(Predictors, ATableWithAWordForANumberIsAnError) {
  write_file(folder_ / "bad.csv", "language,size\nde,many\n");
  options_.table = {(folder_ / "bad.csv").string()};
  EXPECT_THROW(found(), Error);
}

TEST_F(Predictors, TatoebasTextsArePairedByTheirEnglish) {
  fs::create_directories(folder_ / "tatoeba");
  write_file(folder_ / "tatoeba" / "de.tsv", "Eins\tOne\nEin anderes\tOne\nZwei\tTwo\nohne\n");
  write_file(folder_ / "tatoeba" / "fr.tsv", "7\tDeux\t8\tTwo\n9\tTrois\t10\tThree\n");
  write_file(folder_ / "tatoeba" / "en.tsv", "Four\n");
  const ParallelTexts texts = read_parallel_texts(folder_ / "tatoeba");
  EXPECT_THAT(paired_texts(texts, "en", "de"),
              testing::ElementsAre(testing::Pair("One", "Eins"), testing::Pair("Two", "Zwei")));
  EXPECT_THAT(paired_texts(texts, "fr", "de"), testing::ElementsAre(testing::Pair("Deux", "Zwei")));
}

TEST_F(Predictors, ParallelTextsArePairedById) {
  fs::create_directories(folder_ / "texts");
  write_file(folder_ / "texts" / "en.jsonl",
             "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"b\",\"text\":\"two\"}\n");
  write_file(folder_ / "texts" / "de.jsonl",
             "{\"id\":\"b\",\"text\":\"zwei\"}\n{\"id\":\"c\",\"text\":\"drei\"}\n");
  const ParallelTexts texts = read_parallel_texts(folder_ / "texts");
  EXPECT_THAT(paired_texts(texts, "en", "de"), testing::ElementsAre(testing::Pair("two", "zwei")));
  EXPECT_THROW(read_parallel_texts(folder_ / "nothing"), Error);
}

}  // namespace
}  // namespace xlt
