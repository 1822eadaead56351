// SPDX-License-Identifier: Apache-2.0
// What a training does to texts that it does not train on, against sums over dense distributions.
#include "train/monitor.h"

#include "train/train_testing.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using ::testing::HasSubstr;

// log p of every next token, [N, V] float64.
at::Tensor dense_logps(TrainFixture& fixture, const std::vector<int64_t>& ids) {
  const at::NoGradGuard no_grad;
  TokenBatch batch;
  batch.add(ids);
  const at::Tensor hidden = fixture.decoder.forward(batch, nullptr);
  return at::log_softmax(at::matmul(hidden, fixture.decoder.head_weight().t()).to(at::kDouble), -1);
}

struct Expected {
  double bits_per_byte, kl;
};

Expected by_hand(TrainFixture& fixture, const std::vector<std::string>& texts) {
  double nats = 0, kl = 0, bytes = 0, positions = 0;
  for (const std::string& text : texts) {
    const auto ids = fixture.tokenizer.encode(text, SpecialTokens::kAdd);
    const at::Tensor own = dense_logps(fixture, ids);
    set_lora_enabled(fixture.decoder, false);
    const at::Tensor base = dense_logps(fixture, ids);
    set_lora_enabled(fixture.decoder, true);
    for (size_t t = 0; t + 1 < ids.size(); ++t) {
      nats -= own[t][ids[t + 1]].item<double>();
      for (int64_t v = 0; v < 129; ++v) {
        const double p = base[t][v].item<double>();
        kl += std::exp(p) * (p - own[t][v].item<double>());
      }
      ++positions;
    }
    bytes += static_cast<double>(text.size());
  }
  return {nats / std::log(2.0) / bytes, kl / positions};
}

TEST(Monitor, IsBitsPerByteAndKlFromTheBaseOverTokensAfterTheFirst) {
  TrainFixture fixture("monitor");
  move_adapter(fixture);
  const std::vector<std::string> texts = {"abcab", "d", "fed"};  // "ab" is one token of two bytes
  fixture.job.monitored = {{"de", texts}, {"sw", {"cc"}}};
  Monitor monitor(fixture.job, {});
  const auto world = make_single_world();
  const Json all = monitor.measured(*world, {});
  const Expected expected = by_hand(fixture, texts);
  EXPECT_NEAR(all.at("de").at("bits_per_byte").get<double>(), expected.bits_per_byte, 1e-5);
  EXPECT_NEAR(all.at("de").at("kl_to_base").get<double>(), expected.kl, 1e-6);
  EXPECT_GT(expected.kl, 1e-3);
  EXPECT_NE(all.at("sw"), all.at("de"));
}

TEST(Monitor, OfATextWithoutAnyPositionIsNull) {
  TrainFixture fixture("monitor_empty");
  fixture.job.monitored = {{"de", {""}}};
  Monitor monitor(fixture.job, {});
  const auto world = make_single_world();
  const Json all = monitor.measured(*world, {});
  EXPECT_TRUE(all.at("de").at("bits_per_byte").is_null());
  EXPECT_TRUE(all.at("de").at("kl_to_base").is_null());
}

// All weights: the base is a copy of what they were.
TEST(Monitor, KeepsTheBaseOfATrainingOfAllWeights) {
  TrainFixture fixture("monitor_all");
  fixture.decoder.projection().detach_adapter();
  train_all_weights(fixture.decoder);
  fixture.job.adapter_only = false;
  fixture.job.records.texts = letter_texts(8);
  fixture.job.monitored = {{"de", {"cdef", "fed"}}};
  fixture.options.eval_steps = 2;
  fixture.options.max_steps = 4;
  fixture.run();
  std::vector<double> kl;
  for (const Json& row : fixture.metrics())
    if (row.at("split") == "eval") {
      EXPECT_TRUE(row.at("loss").is_null());  // there are no rows to evaluate on
      kl.push_back(row.at("monitor").at("de").at("kl_to_base").get<double>());
    }
  ASSERT_EQ(kl.size(), 2u);
  EXPECT_GT(kl[0], 0);
  EXPECT_GT(kl[1], kl[0]);
}

TEST(Training, MayBeLookedAtBeforeItsFirstStep) {
  std::vector<std::vector<Json>> rows;
  for (const bool is_asked : {false, true}) {
    TrainFixture fixture("eval_on_start");
    fixture.job.records.texts = letter_texts(12);
    fixture.job.monitored = {{"de", {"cdef", "fed"}}};
    fixture.options.eval_split = 0.25;
    fixture.options.eval_steps = 2;
    fixture.options.max_steps = 2;
    fixture.options.eval_on_start = is_asked;
    fixture.run();
    rows.push_back(fixture.metrics());
    for (Json& row : rows.back()) row.erase("seconds");
  }
  const Json first = rows[1].front();
  EXPECT_EQ(first.at("step"), 0);
  EXPECT_EQ(first.at("split"), "eval");
  EXPECT_NEAR(first.at("monitor").at("de").at("kl_to_base").get<double>(), 0, 1e-6);
  rows[1].erase(rows[1].begin());
  EXPECT_EQ(rows[1], rows[0]) << "nothing else changes";
}

TEST(Monitor, IsTheSameAfterARestart) {
  const auto prepare = [](TrainFixture& fixture, int64_t max_steps) {
    fixture.job.records.texts = letter_texts(12);
    fixture.job.monitored = {{"de", {"cdef", "fed"}}, {"sw", {"abcab"}}};
    fixture.options.eval_split = 0.25;
    fixture.options.eval_steps = 2;
    fixture.options.save_steps = 2;
    fixture.options.max_steps = max_steps;
  };
  TrainFixture whole("monitor_whole"), begun("monitor_resumed");
  prepare(whole, 6);
  whole.run();
  prepare(begun, 4);
  begun.run();
  TrainFixture again("monitor_resumed", 0, /*clean=*/false);
  prepare(again, 6);
  again.job.resume = true;
  again.run();
  const auto rows_of = [](const TrainFixture& fixture) {
    std::vector<Json> rows = fixture.metrics();
    for (Json& row : rows) row.erase("seconds");
    return rows;
  };
  EXPECT_EQ(rows_of(again), rows_of(whole));
  EXPECT_TRUE(rows_of(whole).back().contains("monitor"));
}

TEST(Training, LeavesTheLastEvaluationOutWhereItIsToldTo) {
  for (const bool skip : {false, true}) {
    TrainFixture fixture("final_eval");
    fixture.job.records.texts = letter_texts(12);
    fixture.options.eval_split = 0.25;
    fixture.options.eval_steps = 2;
    fixture.options.max_steps = 5;
    fixture.options.skip_final_eval = skip;
    fixture.run();
    EXPECT_EQ(fixture.losses("eval").size(), skip ? 2u : 3u);
  }
}

// Quirk T4: the text attends to the pads before it, and its first token is a label.
TEST(Training, RowsThatArePaddedOnTheLeftReadTheirPads) {
  TrainFixture fixture("pads");
  fixture.job.records.texts = {{true, "", "cd", "t:1"}};
  fixture.job.left_pad = 100;
  fixture.options.no_append_eos = true;
  fixture.options.attend_pads = true;
  fixture.options.max_length = 6;
  fixture.options.learning_rate = 0;
  fixture.options.max_steps = 1;
  fixture.run();
  // 100 100 100 <bos> c d: labels are the last three.
  const std::vector<int64_t> ids = {100, 100, 100, LetterTokenizer::kBos, 'c', 'd'};
  const at::Tensor logps = dense_logps(fixture, ids);
  double loss = 0;
  for (size_t t = 2; t + 1 < ids.size(); ++t) loss -= logps[t][ids[t + 1]].item<double>() / 3;
  EXPECT_NEAR(fixture.losses()[0], loss, 1e-5);
  EXPECT_EQ(fixture.metrics()[0].at("num_tokens"), 3);  // pads are no data
}

// Quirk T6: the head of the file, or a sample of it.
TEST(Training, RowsUpToACapAreTheFirstOrDrawn) {
  const auto steps = [](const std::string& order, uint64_t seed) {
    TrainFixture fixture("cap");
    fixture.job.records.texts = letter_texts(200);
    fixture.job.seed = seed;
    fixture.options.max_train_rows = 4;
    fixture.options.max_rows_order = order;
    fixture.options.no_shuffle = true;
    fixture.options.learning_rate = 0;
    fixture.options.batch_size = 1;
    fixture.run();
    return fixture.losses();
  };
  EXPECT_EQ(steps("head", 1).size(), 4u);
  EXPECT_EQ(steps("head", 1), steps("head", 2));
  EXPECT_EQ(steps("random", 1).size(), 4u);
  EXPECT_EQ(steps("random", 1), steps("random", 1));
  EXPECT_NE(steps("random", 1), steps("random", 2));
  EXPECT_NE(steps("random", 1), steps("head", 1));
}

}  // namespace
}  // namespace xlt
