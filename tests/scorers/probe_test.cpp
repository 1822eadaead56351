// SPDX-License-Identifier: Apache-2.0
// A probe as a scorer: where its base model comes from, what cannot be scored, what it says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A tenth a byte; a text `?` has no tokens.
class LengthClassifier final : public TextClassifier {
 public:
  std::vector<std::vector<double>> classify(std::span<const std::string> texts) override {
    std::vector<std::vector<double>> rows;
    for (const std::string& text : texts)
      rows.push_back(text == "?" ? std::vector<double>{}
                                 : std::vector{static_cast<double>(text.size()) / 10});
    return rows;
  }
  const TextClassifierInfo& info() const override { return info_; }

 private:
  TextClassifierInfo info_{.labels = {"positive"}};
};

class ProbeModels final : public ScorerModels {
 public:
  std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path&) override { return nullptr; }
  std::string hash_of(const std::filesystem::path&) override { return ""; }
  LoadedProbe load_probe(const std::filesystem::path& probe, const std::filesystem::path& model) override {
    asked = {probe.string(), model.string()};
    return {std::make_unique<LengthClassifier>(), "abc", {"de", "en"}};
  }
  std::vector<std::string> asked;
};

TEST(ProbeScorer, TheFolderAndTheModelBehindTheHashAreAskedFor) {
  ProbeModels models;
  const auto scorer = make_scorer("probe:probes/mine/#models/gemma", {.models = &models});
  EXPECT_THAT(models.asked, ElementsAre("probes/mine/", "models/gemma"));
  EXPECT_EQ(scorer->name(), "probe:mine");
  EXPECT_EQ(scorer->hash(), "abc");
  EXPECT_THAT(scorer->trained_languages(), ElementsAre("de", "en"));
  EXPECT_FALSE(scorer->refusal("sw"));
  make_scorer("probe:p", {.models = &models});
  EXPECT_THAT(models.asked, ElementsAre("p", ""));
}

TEST(ProbeScorer, TextsWithoutContentAreUnscored) {
  ProbeModels models;
  const std::vector<ScoreRequest> requests = {{" ", "en"}, {"four", "de"}, {"?", "en"}};
  const auto results = make_scorer("probe:p", {.models = &models})->score(requests);
  EXPECT_EQ(std::get<Unscored>(results[0]).text(), "empty text");
  EXPECT_EQ(std::get<Score>(results[1]).value, 0.4);
  EXPECT_EQ(std::get<Unscored>(results[2]).text(), "empty text");
}

TEST(ProbeScorer, WithoutAFolderSaysWhatIsExpected) {
  ProbeModels models;
  try {
    make_scorer("probe", {.models = &models});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("expected probe:DIR"));
  }
}

}  // namespace
}  // namespace xlt
