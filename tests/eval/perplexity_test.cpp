// SPDX-License-Identifier: Apache-2.0
// Bits per byte and perplexity of scripted texts.
#include "eval/eval_testing.h"

#include <cmath>
#include <numbers>

namespace xlt {
namespace {

using Perplexity = EvalTest;

TEST_F(Perplexity, BitsAreDividedByUtf8Bytes) {
  write_data("udhr/ja.jsonl", "{\"id\":\"b\",\"text\":\"ab\"}\n{\"id\":\"a\",\"text\":\"日本\"}\n");
  lm_.scripted = {{"ab", {-2 * std::numbers::ln2, 1}}, {"日本", {-6 * std::numbers::ln2, 3}}};
  options_.langs = {"ja"};
  const Json cell = EvalTest::cell(run(), "perplexity", "ja", "corrected");
  EXPECT_DOUBLE_EQ(value(cell, "bits_per_byte"), (2 + 6) / (2 + 6.0));
  EXPECT_DOUBLE_EQ(value(cell, "token_perplexity"), 4);
  EXPECT_EQ(cell.at("num_tokens"), 4);
  EXPECT_FALSE(cell.at("metrics").at("bits_per_byte").at("higher_is_better").get<bool>());
}

TEST_F(Perplexity, TextWithNothingToScoreIsUnscored) {
  write_data("udhr/en.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b c\"}\n");
  lm_.scripted = {{"a", {0, 0}}};
  const Json cell = EvalTest::cell(run(), "perplexity", "en", "paper");
  EXPECT_EQ(cell.at("unscored").at("nothing to score"), 1);
  EXPECT_DOUBLE_EQ(value(cell, "bits_per_byte"), 2 / std::numbers::ln2 / 3);
  EXPECT_TRUE(cell.at("metrics").at("bits_per_byte").at("ci95").is_null());  // one item has no interval
}

TEST_F(Perplexity, F3BytesThatWereNotScoredAreNotDividedBy) {
  write_data("udhr/en.jsonl", "{\"text\":\"one two\"}\n");
  lm_.scripted = {{"one two", {-8 * std::numbers::ln2, 1, {}, /*num_bytes=*/4}}};
  EXPECT_DOUBLE_EQ(value(EvalTest::cell(run(), "perplexity", "en", "corrected"), "bits_per_byte"), 2);
  EXPECT_EQ(lm_.last_start, TextStart::kDocument);
}

TEST_F(Perplexity, PlainLinesOfFloresAreReadWhereThereIsNoUdhr) {
  write_data("flores/sw.txt", "habari ya asubuhi\nkaribu\n");
  options_.langs = {"all"};
  EXPECT_EQ(cell(run(), "perplexity", "sw", "corrected").at("n_items"), 2);
}

}  // namespace
}  // namespace xlt
