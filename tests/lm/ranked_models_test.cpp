// SPDX-License-Identifier: Apache-2.0
#include "xlt/lm/ranked_models.h"

#include "lm/fake_language_model.h"
#include "parallel/thread_world.h"

#include <atomic>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kRanks = 3;

// What rank 0 does with the shared model, and how many requests each rank answered.
struct Outcome {
  std::vector<int64_t> answered = std::vector<int64_t>(kRanks);
};
Outcome run(const std::function<void(FakeLanguageModel&, int64_t rank)>& script,
            const std::function<void(LanguageModel&)>& work) {
  Outcome outcome;
  const auto ranks = std::make_shared<ThreadRanks>(kRanks);
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < kRanks; ++rank)
    threads.emplace_back([&, rank] {
      ThreadWorld world(ranks, rank);
      RankedModels models(world);
      auto own = std::make_unique<FakeLanguageModel>();
      FakeLanguageModel& fake = *own;
      script(fake, rank);
      const auto shared = models.share(std::unique_ptr<LanguageModel>(std::move(own)));
      if (rank == 0)
        work(*shared);
      else
        models.answer();
      models.release();
      outcome.answered[static_cast<size_t>(rank)] = static_cast<int64_t>(
          fake.generate_requests.size() + fake.likelihood_requests.size() + fake.rolling_texts.size());
    });
  for (auto& thread : threads) thread.join();
  return outcome;
}

const auto kPlain = [](FakeLanguageModel&, int64_t) {};

TEST(RankedModels, EveryRankAnswersItsShareAndResultsAreInOrder) {
  const Outcome outcome = run(kPlain, [](LanguageModel& lm) {
    std::vector<LogLikelihoodRequest> requests;
    for (int i = 0; i < 7; ++i)
      requests.push_back({"a", std::string(static_cast<size_t>(2 * i), ' ') + "b c"});
    requests[3].continuation = "one two three four";
    FakeLanguageModel alone;
    const auto expected = alone.log_likelihood(requests), results = lm.log_likelihood(requests);
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].log_likelihood, expected[i].log_likelihood);
      EXPECT_EQ(results[i].num_tokens, expected[i].num_tokens);
    }
  });
  EXPECT_THAT(outcome.answered, ElementsAre(3, 2, 2));
}

TEST(RankedModels, CompletionsOptionsAndBytesArriveAsTheyAre) {
  run(
      [](FakeLanguageModel& fake, int64_t) {
        fake.completions["p2"] = {"\xff half of \xe4\xb8", "ok"};
      },
      [](LanguageModel& lm) {
        const std::vector<GenerateRequest> requests{{"p1", "1"}, {"p2", "2"}, {"p3", "3"}, {"p4", "4"}};
        const auto results = lm.generate(requests, {.num_samples = 2, .max_new_tokens = 3});
        ASSERT_EQ(results.size(), 4u);
        ASSERT_EQ(results[1].size(), 2u);
        EXPECT_EQ(results[1][0].text, "\xff half of \xe4\xb8");
        EXPECT_EQ(results[3][1].text, "and so on it goes");
        const auto too_long = lm.generate(requests, {.num_samples = 1, .max_new_tokens = 5000});
        EXPECT_EQ(too_long[2][0].finish_reason, FinishReason::kTooLong);
      });
}

TEST(RankedModels, NumbersThatAreNotFiniteArriveToo) {
  run(
      [](FakeLanguageModel& fake, int64_t) {
        fake.scripted["x"] = {-std::numeric_limits<double>::infinity(), 1, {-0.1, std::nan("")}, 3};
      },
      [](LanguageModel& lm) {
        const std::vector<std::string> texts{"y", "x"};
        const auto results = lm.rolling_log_likelihood(texts, TextStart::kDocument);
        EXPECT_EQ(results[1].log_likelihood, -std::numeric_limits<double>::infinity());
        EXPECT_EQ(results[1].token_log_likelihoods[0], -0.1);
        EXPECT_TRUE(std::isnan(results[1].token_log_likelihoods[1]));
        EXPECT_EQ(results[1].num_bytes, 3);
      });
}

TEST(RankedModels, WhatAModelCannotSayItCannotSayOnSeveralRanks) {
  run(kPlain, [](LanguageModel& lm) {
    const std::vector<std::string> texts{"a", "b", "c", "d"};
    EXPECT_FALSE(lm.divergence_from_base(texts, TextStart::kDocument));
  });
  run(
      [](FakeLanguageModel& fake, int64_t) {
        fake.divergence = Divergence{0.25, 4, 3};
      },
      [](LanguageModel& lm) {
        const std::vector<std::string> texts{"a", "b", "c", "d"};
        const auto results = lm.divergence_from_base(texts, TextStart::kDocument);
        ASSERT_TRUE(results);
        ASSERT_EQ(results->size(), 4u);
        EXPECT_EQ(results->at(3).kl, 0.25);
      });
}

TEST(RankedModels, AnErrorOnAnyRankIsRankZerosAndTheNextQuestionIsAnswered) {
  run(
      [](FakeLanguageModel& fake, int64_t rank) {
        if (rank == 2)
          fake.before_call = [](int call) {
            if (call == 1) throw Error(ErrorKind::kData, "too bad", "there");
          };
      },
      [](LanguageModel& lm) {
        const std::vector<LogLikelihoodRequest> requests(5, {"a", "b"});
        int failures = 0;
        for (int i = 0; i < 3; ++i) try {
            EXPECT_EQ(lm.log_likelihood(requests).size(), 5u);
          } catch (const Error& error) {
            ++failures;
            EXPECT_EQ(error.kind(), ErrorKind::kData);
            EXPECT_EQ(error.message(), "too bad");
          }
        EXPECT_EQ(failures, 1);
      });
}

TEST(RankedModels, TokensAreThoseOfAllRanks) {
  run(kPlain, [](LanguageModel& lm) {
    const std::vector<GenerateRequest> requests{{"p1", "1"}, {"p2", "2"}, {"p3", "3"}, {"p4", "4"}};
    lm.generate(requests, {.num_samples = 5, .max_new_tokens = 3});
    EXPECT_EQ(lm.num_tokens_computed(), 20);
  });
}

TEST(RankedModels, AWorldOfOneSharesNothing) {
  const auto world = make_single_world();
  RankedModels models(*world);
  auto own = std::make_unique<FakeLanguageModel>();
  const LanguageModel* place = own.get();
  EXPECT_EQ(models.share(std::unique_ptr<LanguageModel>(std::move(own))).get(), place);
  models.answer();
}

}  // namespace
}  // namespace xlt
