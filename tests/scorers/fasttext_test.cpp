// SPDX-License-Identifier: Apache-2.0
// A supervised fastText model, made on the spot, as a scorer.
#include "text/fasttext_testing.h"

#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

class FastTextScorer : public ::testing::Test {
 protected:
  std::vector<ScoreResult> score(const std::string& label, const std::vector<std::string>& texts) const {
    std::vector<ScoreRequest> requests;
    for (const std::string& text : texts) requests.push_back({text, "en"});
    return make_scorer("fasttext:" + file_ + label, {})->score(requests);
  }
  std::string complaint_of(const std::string& spec) const {
    try {
      make_scorer(spec, {});
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  TemporaryFolder folder_;
  std::string file_ =
      train_fasttext(folder_,
                     "__label__neutral the cat and the dog\n__label__toxic you silly old fool\n"
                     "__label__odd seven purple ideas\n",
                     false)
          .string();
};

TEST_F(FastTextScorer, GivesTheProbabilityOfItsLabel) {
  const auto results = score("#toxic", {"you fool", "the cat", "you\nsilly fool", " "});
  EXPECT_GT(std::get<Score>(results[0]).value, 0.5);
  EXPECT_LT(std::get<Score>(results[1]).value, 0.5);
  EXPECT_EQ(std::get<Score>(results[2]).value, std::get<Score>(score("#toxic", {"you silly fool"})[0]).value);
  EXPECT_EQ(std::get<Unscored>(results[3]).text(), "empty text");
  double sum = 0;
  for (const char* label : {"#toxic", "#__label__odd", "#neutral"})
    sum += std::get<Score>(score(label, {"you cat"})[0]).value;
  EXPECT_NEAR(sum, 1, 1e-3);
}

TEST_F(FastTextScorer, TheLabelToxicIsTakenUnlessOneIsNamed) {
  EXPECT_EQ(std::get<Score>(score("", {"you fool"})[0]).value,
            std::get<Score>(score("#__label__toxic", {"you fool"})[0]).value);
  EXPECT_THAT(complaint_of("fasttext:" + file_ + "#toxik"),
              HasSubstr("unknown label \"toxik\"; did you mean \"toxic\"? available: neutral, odd, toxic"));
}

TEST_F(FastTextScorer, IsKnownByContentAndLabel) {
  const auto toxic = make_scorer("fasttext:" + file_ + "#toxic", {}),
             odd = make_scorer("fasttext:" + file_ + "#odd", {});
  EXPECT_EQ(toxic->name(), "fasttext:model.bin#toxic");
  EXPECT_NE(toxic->hash(), odd->hash());
  const auto copy = folder_.path() / "copy.bin";
  std::filesystem::copy_file(file_, copy);
  EXPECT_EQ(make_scorer("fasttext:" + copy.string() + "#__label__toxic", {})->hash(), toxic->hash());
}

TEST_F(FastTextScorer, FilesAreCheckedBeforeTheyAreRead) {
  std::string bytes = read_file(file_);
  bytes[40] = bytes[41] = 0;  // no buckets for its n-grams
  write_file(folder_.path() / "harm.bin", bytes);
  EXPECT_THAT(complaint_of("fasttext:" + (folder_.path() / "harm.bin").string() + "#toxic"),
              HasSubstr("0 buckets"));
  EXPECT_NE(complaint_of("fasttext:" + (folder_.path() / "absent.bin").string()), "");
  EXPECT_THAT(complaint_of("fasttext"), HasSubstr("expected fasttext:FILE"));
}

}  // namespace
}  // namespace xlt
