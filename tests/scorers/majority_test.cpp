// SPDX-License-Identifier: Apache-2.0
// What most scorers say.
#include "xlt/scorers/majority.h"

#include <map>

#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

// Knows some texts, in English alone.
class Rater final : public TextScorer {
 public:
  explicit Rater(std::map<std::string, double> known) : known_(std::move(known)) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) {
      const auto found = known_.find(request.text);
      results.push_back(found == known_.end() ? ScoreResult(Unscored{Reason::kOther, "?"})
                                              : Score{found->second});
    }
    return results;
  }
  std::string name() const override { return "rater"; }
  std::string hash() const override { return str_cat(known_.size()); }
  std::optional<Unscored> refusal(const std::string& language) const override {
    return language == "en" ? std::nullopt : std::optional(Unscored{Reason::kNoWordList, language});
  }

 private:
  std::map<std::string, double> known_;
};

std::string said(const ScoreResult& result) {
  if (const auto* score = std::get_if<Score>(&result)) return str_cat(score->value);
  return std::get<Unscored>(result).text();
}

TEST(Majority, CountsThoseThatScoredTheText) {
  Rater a({{"both", 0.5}, {"split", 0.9}, {"alone", 1}, {"two of three", 0.6}, {"one of three", 0.6}});
  Rater b({{"both", 0.9}, {"split", 0.1}, {"two of three", 0.7}, {"one of three", 0.2}});
  Rater c({{"two of three", 0}, {"one of three", 0.49}});
  MajorityScorer majority({&a, &b, &c});
  const std::vector<ScoreRequest> requests{{"both", "en"},         {"split", "en"},        {"alone", "en"},
                                           {"two of three", "en"}, {"one of three", "en"}, {"none", "en"}};
  std::vector<std::string> answers;
  for (const ScoreResult& result : majority.score(requests)) answers.push_back(said(result));
  EXPECT_EQ(answers,
            (std::vector<std::string>{"1", "the scorers are split", "fewer than two scorers judged it", "1",
                                      "0", "fewer than two scorers judged it"}));
}

TEST(Majority, NeedsTwoThatKnowTheLanguage) {
  Rater a({}), b({{"x", 1}});
  EXPECT_FALSE(MajorityScorer({&a, &b}).refusal("en"));
  EXPECT_EQ(MajorityScorer({&a, &b}).refusal("sw")->text(), "fewer than two scorers judged it");
  EXPECT_NE(MajorityScorer({&a, &b}).hash(), MajorityScorer({&a, &a}).hash());
}

}  // namespace
}  // namespace xlt
