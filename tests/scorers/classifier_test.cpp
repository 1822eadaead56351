// SPDX-License-Identifier: Apache-2.0
// A classifier as a scorer: which label, what cannot be scored, what its hash depends on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

// The probability of label i is (i + 1) / 10 for a text of one byte, and that of `no tokens` none at all.
class FakeClassifier final : public TextClassifier {
 public:
  explicit FakeClassifier(TextClassifierInfo info) : info_(std::move(info)) {}
  std::vector<std::vector<double>> classify(std::span<const std::string> texts) override {
    std::vector<std::vector<double>> rows;
    for (const std::string& text : texts) {
      auto& row = rows.emplace_back();
      for (size_t i = 0; i < info_.labels.size() && text != "no tokens"; ++i)
        row.push_back(static_cast<double>(i + 1) / 10 / static_cast<double>(text.size()));
    }
    return rows;
  }
  const TextClassifierInfo& info() const override { return info_; }

 private:
  TextClassifierInfo info_;
};

class FakeModels final : public ScorerModels {
 public:
  std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path& model) override {
    return std::make_unique<FakeClassifier>(TextClassifierInfo{model.string(), "bert", dtype, labels});
  }
  std::string hash_of(const std::filesystem::path&) override { return content; }

  std::vector<std::string> labels = {"insult", "Toxic", "threat"};
  std::string dtype = "float32", content = "abc";
};

class Classifiers : public ::testing::Test {
 protected:
  std::unique_ptr<TextScorer> make(const std::string& spec) {
    return make_scorer(spec, {.models = &models_});
  }
  double value(const std::string& spec) {
    return std::get<Score>(make(spec)->score(std::vector<ScoreRequest>{{"x", "en"}})[0]).value;
  }
  std::string complaint_of(const std::string& spec) {
    try {
      make(spec);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  FakeModels models_;
};

TEST_F(Classifiers, TheLabelThatSaysToxicIsTakenUnlessOneIsNamed) {
  EXPECT_EQ(value("classifier:models/xlmr"), 0.2);
  EXPECT_EQ(value("classifier:models/xlmr#threat"), 0.3);
  EXPECT_EQ(value("classifier:models/xlmr#TOXIC"), 0.2);
  EXPECT_EQ(value("classifier:models/xlmr#0"), 0.1);
  models_.labels = {"0", "1", "10"};  // names before numbers
  EXPECT_EQ(value("classifier:models/xlmr#10"), 0.3);
  models_.labels = {"bad"};
  EXPECT_EQ(value("classifier:models/xlmr"), 0.1);
}

TEST_F(Classifiers, AnUnknownOrUnclearLabelNamesTheKnownOnes) {
  EXPECT_THAT(complaint_of("classifier:models/xlmr#thret"), HasSubstr("did you mean \"threat\"?"));
  EXPECT_THAT(complaint_of("classifier:models/xlmr#3"), HasSubstr("insult"));
  models_.labels = {"LABEL_0", "LABEL_1"};
  EXPECT_THAT(complaint_of("classifier:models/xlmr"), HasSubstr("LABEL_0, LABEL_1"));
  EXPECT_THAT(complaint_of("classifier"), HasSubstr("expected classifier:DIR"));
}

TEST_F(Classifiers, IsNamedByItsFolderAndLabel) {
  EXPECT_EQ(make("classifier:models/xlmr/")->name(), "classifier:xlmr#Toxic");
  EXPECT_FALSE(make("classifier:models/xlmr")->refusal("sw"));
}

TEST_F(Classifiers, TextsWithoutContentAreUnscored) {
  const std::vector<ScoreRequest> requests = {{" \n", "en"}, {"xx", "de"}, {"no tokens", "en"}};
  const auto results = make("classifier:m")->score(requests);
  EXPECT_EQ(std::get<Unscored>(results[0]).text(), "empty text");
  EXPECT_EQ(std::get<Score>(results[1]).value, 0.1);
  EXPECT_EQ(std::get<Unscored>(results[2]).text(), "empty text");
}

TEST_F(Classifiers, TheHashFollowsModelLabelAndDtype) {
  const std::string hash = make("classifier:m#0")->hash();
  EXPECT_EQ(make("classifier:elsewhere#insult")->hash(), hash);
  EXPECT_NE(make("classifier:m#1")->hash(), hash);
  models_.dtype = "bfloat16";
  EXPECT_NE(make("classifier:m#0")->hash(), hash);
  models_.dtype = "float32";
  models_.content = "abd";
  EXPECT_NE(make("classifier:m#0")->hash(), hash);
}

}  // namespace
}  // namespace xlt
