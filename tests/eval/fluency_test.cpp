// SPDX-License-Identifier: Apache-2.0
// Fluency by a scripted second model: the published perplexity and its selection, and bits per byte.
#include "eval/cell.h"
#include "eval/eval_testing.h"

#include <cmath>
#include <numbers>

#include "xlt/lm/seq2seq.h"

namespace xlt {
namespace {

// Tokens are words and </s>; a token costs `nats_per_token` of the text it ends.
class FakeSeq2Seq : public Seq2Seq {
 public:
  std::function<double(const std::string&)> nats = [](const std::string&) { return 1.0; };
  std::vector<Seq2SeqRequest> asked;
  std::vector<LogLikelihood> log_likelihood(std::span<const Seq2SeqRequest> requests) override {
    std::vector<LogLikelihood> scores;
    for (const Seq2SeqRequest& request : requests) {
      asked.push_back(request);
      const auto tokens = static_cast<int64_t>(FakeLanguageModel::words_of(request.target).size()) + 1;
      scores.push_back({-nats(request.target) * static_cast<double>(tokens), tokens, {}, 0});
    }
    return scores;
  }
  const Seq2SeqInfo& info() const override { return info_; }

 private:
  Seq2SeqInfo info_{"mt5", "mt5", 0};
};

class Fluency : public EvalTest {
 protected:
  Fluency() {
    options_.benchmarks = {"continuation"};
    options_.fluency_model = "mt5";  // the headline
    seq2seq_ = &mt5_;
    identifier_ = &known_;
  }
  void prompts(int count, const std::string& language = "en") {
    std::string rows;
    for (int i = 0; i < count; ++i) rows += str_cat("prompt ", i, "\n");
    write_data("tatoeba/" + language + ".tsv", rows);
  }
  Json reduced(Scoring scoring, const std::string& language = "en") {
    return reduce_cell(specs("continuation", scoring), score("continuation", language, &known_), 100, Rng(1));
  }
  FakeSeq2Seq mt5_;
  FakeIdentifier known_;
};

// n = 3 (two words and </s>) of 0.5 nats each, then n = 8 of 2: L = 0.5 · 2 and 2 · 7, five tokens more.
TEST_F(Fluency, G9IsThePublishedPerplexity) {
  prompts(1);
  lm_.default_completions = {" one two three four five"};
  mt5_.nats = [](const std::string& text) { return text == "prompt 0" ? 0.5 : 2.0; };
  const auto items = score("continuation", "en", &known_);
  ASSERT_EQ(mt5_.asked.size(), 2);
  EXPECT_EQ(mt5_.asked[1].source, "prompt 0 one two three four five");
  EXPECT_EQ(mt5_.asked[1].target, mt5_.asked[1].source);
  EXPECT_DOUBLE_EQ(items[0].detail->at("fluency_ppl").get<double>(), std::exp((2 * 7 - 0.5 * 2) / 5.0));
}

TEST_F(Fluency, G11LanguagesWithFewCompletionsInTheLanguageAreNullInPaperScoringAlone) {
  lm_.default_completions = {" one two three four five"};
  lm_.completions = {{"prompt 3", {" bonjour one two three four"}}};  // a line of another language
  prompts(100);
  const Json few = reduced(Scoring::kPaper).at("metrics").at("fluency_ppl");
  EXPECT_TRUE(few.at("value").is_null());
  EXPECT_EQ(few.at("reason"), "fewer than 100 completions without a line of another language");
  EXPECT_EQ(reduced(Scoring::kCorrected).at("metrics").at("fluency_ppl").at("n"), 100);
  prompts(101);
  EXPECT_EQ(reduced(Scoring::kPaper).at("metrics").at("fluency_ppl").at("n"), 100);
}

TEST_F(Fluency, OfMaltese65AreEnough) {
  class Maltese : public FakeIdentifier {
    LanguageGuess identify(std::string_view) const override { return {"mt", 0.9}; }
    bool knows(std::string_view) const override { return true; }
  } maltese;
  lm_.default_completions = {" one two three four five"};
  for (const int count : {64, 65}) {
    prompts(count, "mt");
    const Json cell = reduce_cell(specs("continuation", Scoring::kPaper),
                                  score("continuation", "mt", &maltese), 10, Rng(1));
    EXPECT_EQ(cell.at("metrics").at("fluency_ppl").at("value").is_null(), count == 64) << count;
  }
}

// 1, e² … of L's: items of one, two and six nats a token; the median is the middle one whatever the largest
// is.
TEST_F(Fluency, TheMetricIsTheMedian) {
  prompts(3);
  lm_.default_completions = {" one two three four five"};
  mt5_.nats = [](const std::string& text) {
    if (text.find("five") == std::string::npos) return 0.0;
    return text.starts_with("prompt 0") ? 1.0 : text.starts_with("prompt 1") ? 900.0 : 2.0;
  };
  EXPECT_DOUBLE_EQ(value(reduced(Scoring::kCorrected), "fluency_ppl"), std::exp(2.0 * 7 / 5));
}

TEST_F(Fluency, AnEmptyCompletionHasNone) {
  prompts(2);
  lm_.completions = {{"prompt 0", {"\n"}}, {"prompt 1", {" one two three four five"}}};
  const auto items = score("continuation", "en", &known_);
  EXPECT_TRUE(items[0].detail->at("fluency_ppl").is_null());
  EXPECT_EQ(items[0].absent.at("fluency_ppl").text(), "empty completion");
  EXPECT_EQ(items[0].absent.at("fluency_bits").text(), "empty completion");
  EXPECT_TRUE(items[1].ratios.contains("fluency_ppl"));
}

TEST_F(Fluency, BitsPerByteAreTheUntouchedModels) {
  seq2seq_ = nullptr;
  prompts(1);
  lm_.default_completions = {" one"};
  // Itself: three words of one nat, over the completion's four bytes.
  EXPECT_DOUBLE_EQ(value(reduced(Scoring::kCorrected), "fluency_bits_per_byte"), 3 / std::numbers::ln2 / 4);
  lm_.base = [](const std::string&) { return LogLikelihood{-8 * std::numbers::ln2, 1, {}, 0}; };
  EXPECT_DOUBLE_EQ(value(reduced(Scoring::kCorrected), "fluency_bits_per_byte"), 2);
  EXPECT_EQ(reduced(Scoring::kCorrected).at("metrics").at("fluency_ppl").at("reason"),
            "no second model to judge fluency (--fluency-model)");
}

TEST_F(Fluency, ADecoderMayJudge) {
  seq2seq_ = nullptr;
  FakeLanguageModel judge;
  judge.fallback = [](const std::string&) { return LogLikelihood{-4 * std::numbers::ln2, 2, {}, 0}; };
  judge_ = &judge;
  prompts(1);
  lm_.default_completions = {" one"};
  const Json cell = reduced(Scoring::kCorrected);
  EXPECT_DOUBLE_EQ(value(cell, "fluency_bits_per_byte"), 1);
  EXPECT_DOUBLE_EQ(value(cell, "fluency_ppl"), 4);  // exp(4 ln 2 / 2)
  ASSERT_EQ(judge.likelihood_requests.size(), 1);
  EXPECT_EQ(judge.likelihood_requests[0].context, "prompt 0");
  EXPECT_EQ(judge.likelihood_requests[0].continuation, " one");
}

}  // namespace
}  // namespace xlt
