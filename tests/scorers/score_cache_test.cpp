// SPDX-License-Identifier: Apache-2.0
// Scores that are remembered.
#include "xlt/scorers/score_cache.h"

#include "scratch_folder.h"

#include <stdexcept>

#include "xlt/base/file.h"

namespace xlt {
namespace {

// Scores a text by its length; refuses those that begin with "?".
class CountingScorer final : public TextScorer {
 public:
  explicit CountingScorer(std::string hash) : hash_(std::move(hash)) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    ++num_calls;
    for (const ScoreRequest& request : requests) {
      if (request.text == "down") throw std::runtime_error("down");
      ++num_scored;
      ScoreResult& result = results.emplace_back(Score{static_cast<double>(request.text.size()) / 100});
      if (request.text.starts_with("?")) result = Unscored{Reason::kOther, "busy"};
    }
    return results;
  }
  std::string name() const override { return "counting"; }
  std::string hash() const override { return hash_; }
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  size_t texts_a_call() const override { return at_once; }
  int num_scored = 0, num_calls = 0;
  size_t at_once = 100;

 private:
  std::string hash_;
};

class ScoreCacheTest : public FolderTest {
 protected:
  std::vector<double> scores(TextScorer& scorer, const std::vector<ScoreRequest>& requests) const {
    ScoreCache cache(scorer, folder_);
    std::vector<double> values;
    for (const ScoreResult& result : cache.score(requests))
      values.push_back(std::holds_alternative<Score>(result) ? std::get<Score>(result).value : -1);
    return values;
  }
};

TEST_F(ScoreCacheTest, ATextIsJudgedOnceInALanguageHoweverOftenItIsAsked) {
  CountingScorer scorer(std::string(64, 'a'));
  const std::vector<ScoreRequest> requests{{"abc", "en"}, {"abcd", "en"}, {"abc", "en"}, {"abc", "fr"}};
  const std::vector<double> expected{0.03, 0.04, 0.03, 0.03};
  EXPECT_EQ(scores(scorer, requests), expected);
  EXPECT_EQ(scorer.num_scored, 3);
  EXPECT_EQ(scores(scorer, requests), expected);  // another cache, the same folder
  EXPECT_EQ(scorer.num_scored, 3);
  CountingScorer other(std::string(64, 'b'));
  EXPECT_EQ(scores(other, requests), expected);
  EXPECT_EQ(other.num_scored, 3);
}

// A run that is killed and goes on reads what it had before it adds the rest.
TEST_F(ScoreCacheTest, TheFileIsTheSameWhateverWasKnownBefore) {
  CountingScorer once(std::string(64, 'a')), twice(std::string(64, 'b'));
  std::vector<ScoreRequest> requests;
  for (int i = 0; i < 40; ++i) requests.push_back({"text " + std::to_string(i), "en"});
  scores(once, requests);
  scores(twice, {requests.begin() + 30, requests.end()});
  scores(twice, requests);
  const auto file = [&](char hash) { return read_file(folder_ / std::string(16, hash) / "en.jsonl"); };
  EXPECT_EQ(file('a'), file('b'));
}

TEST_F(ScoreCacheTest, WhatWasUnscoredIsAskedAgain) {
  CountingScorer scorer(std::string(64, 'a'));
  EXPECT_EQ(scores(scorer, {{"?x", "en"}, {"ab", "en"}}), (std::vector<double>{-1, 0.02}));
  EXPECT_EQ(scores(scorer, {{"?x", "en"}, {"ab", "en"}}), (std::vector<double>{-1, 0.02}));
  EXPECT_EQ(scorer.num_scored, 3);
}

TEST_F(ScoreCacheTest, WhatWasScoredBeforeAFailureIsKept) {
  CountingScorer scorer(std::string(64, 'a'));
  scorer.at_once = 2;
  const std::vector<ScoreRequest> requests{
      {"a", "en"}, {"ab", "en"}, {"abc", "fr"}, {"abcd", "en"}, {"down", "en"}};
  EXPECT_THROW(scores(scorer, requests), std::runtime_error);
  EXPECT_EQ(scorer.num_scored, 4);
  EXPECT_EQ(scorer.num_calls, 3);
  EXPECT_EQ(scores(scorer, {requests.begin(), requests.begin() + 4}),
            (std::vector<double>{0.01, 0.02, 0.03, 0.04}));
  EXPECT_EQ(scorer.num_calls, 3);
}

TEST_F(ScoreCacheTest, ADamagedFileCountsAsMissing) {
  CountingScorer scorer(std::string(64, 'a'));
  scores(scorer, {{"abc", "en"}});
  write_file(folder_ / std::string(16, 'a') / "en.jsonl", "{\"text\": ");
  EXPECT_EQ(scores(scorer, {{"abc", "en"}}), (std::vector<double>{0.03}));
  EXPECT_EQ(scorer.num_scored, 2);
}

}  // namespace
}  // namespace xlt
