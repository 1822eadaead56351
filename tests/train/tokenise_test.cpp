// SPDX-License-Identifier: Apache-2.0
// LetterTokenizer: letters are their ASCII codes, "ab" merges into 128, "$" is EOS.
#include "train/tokenise.h"

#include "train/train_testing.h"

#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t B = LetterTokenizer::kBos, E = LetterTokenizer::kEos, AB = LetterTokenizer::kAb;

TrainRow one_pair(const PreferenceRecord& record, const TokeniseOptions& options) {
  const auto data = tokenise(std::vector<PreferenceRecord>{record}, LetterTokenizer(), options);
  EXPECT_EQ(data.rows.size(), 1u);
  return data.rows.at(0);
}

TrainRow one_text(const SftRecord& record, const TokeniseOptions& options = {}) {
  const auto data = tokenise(std::vector<SftRecord>{record}, LetterTokenizer(), options);
  EXPECT_EQ(data.rows.size(), 1u);
  return data.rows.at(0);
}

void expect_sequence(const TrainSequence& sequence, const Ids& ids, int64_t num_context) {
  EXPECT_EQ(sequence.ids, ids);
  EXPECT_EQ(sequence.num_context, num_context);
}

TEST(TokeniseText, EndsWithEosOnceAndEveryTokenIsALabel) {
  expect_sequence(one_text({true, "", "xy", ""}).sequences[0], {B, 'x', 'y', E}, 0);
  expect_sequence(one_text({true, "", "xy$", ""}).sequences[0], {B, 'x', 'y', E}, 0);
  expect_sequence(one_text({true, "", "xy", ""}, {.append_eos = false}).sequences[0], {B, 'x', 'y'}, 0);
  EXPECT_EQ(one_text({true, "", "xy", ""}).num_labels(), 3);
  EXPECT_EQ(one_text({true, "", "xy", ""}).num_tokens(), 4);
}

TEST(TokeniseText, OnlyTheCompletionIsALabelFromWhereTokensPart) {
  expect_sequence(one_text({false, "xy", "zz", ""}).sequences[0], {B, 'x', 'y', 'z', 'z', E}, 3);
  // The prompt's last letter merges into the completion, so the merged token is the first label.
  expect_sequence(one_text({false, "xa", "bz", ""}).sequences[0], {B, 'x', AB, 'z', E}, 2);
}

// A chat template has written BOS and the end of the turn; the answer is the whole conversation.
TEST(TokeniseText, ConversationsGetNoFurtherSpecialTokens) {
  expect_sequence(one_text({true, "", "xy$", "", true}).sequences[0], {'x', 'y', E}, 0);
  expect_sequence(one_text({true, "", "xy", "", true}).sequences[0], {'x', 'y'}, 0);
  expect_sequence(one_text({false, "xa", "xabz", "", true}).sequences[0], {'x', AB, 'z'}, 1);
}

TEST(TokeniseText, ConversationsAreNotSplit) {
  EXPECT_THROW(one_text({true, "", "xyzxyz", "", true}, {.max_length = 4, .long_texts = LongTexts::kSplit}),
               Error);
}

// Records are tokenised side by side, and nothing shows it.
TEST(TokeniseText, ManyRowsKeepTheirOrder) {
  std::vector<SftRecord> records;
  for (int i = 0; i < 300; ++i) records.push_back({true, "", std::string(1 + i % 7, 'x'), std::to_string(i)});
  const auto data = tokenise(records, LetterTokenizer(), {});
  ASSERT_EQ(data.rows.size(), records.size());
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(data.rows[i].place, std::to_string(i));
    EXPECT_EQ(data.rows[i].num_tokens(), 3 + i % 7);
  }
}

TEST(TokeniseText, OfManyFaultsTheFirstIsTold) {
  std::vector<SftRecord> records(300, {true, "", "x", "texts.jsonl"});
  for (const int at : {299, 161, 97, 230})
    records[at] = {true, "", "xyzxyz", str_cat("texts.jsonl:", at), true};
  try {
    tokenise(records, LetterTokenizer(), {.max_length = 4, .long_texts = LongTexts::kSplit});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.context(), "texts.jsonl:97");
  }
}

TEST(TokenisePair, ConversationsBeginTheirAnswersAtOnePlace) {
  const TrainRow row = one_pair({"xa", "xaz", "xab", "", true}, {});
  expect_sequence(row.sequences[0], {'x', 'a', 'z'}, 1);
  expect_sequence(row.sequences[1], {'x', AB}, 1);
  EXPECT_THROW(one_pair({"xa", "xaz", "xab", "", true}, {.pairs = PairTokenization::kTrl08}), Error);
}

TEST(TokeniseText, IsCutFromTheEnd) {
  expect_sequence(one_text({true, "", "xyzxyz", ""}, {.max_length = 4}).sequences[0], {B, 'x', 'y', 'z'}, 0);
}

TEST(TokeniseText, APromptThatFillsMaxLengthIsDroppedAndCounted) {
  const std::vector<SftRecord> records = {{false, "xyz", "z", ""}, {false, "xy", "z", ""}};
  const auto data = tokenise(records, LetterTokenizer(), {.max_length = 4});
  ASSERT_EQ(data.rows.size(), 1u);
  EXPECT_EQ(data.num_dropped, 1);
  expect_sequence(data.rows[0].sequences[0], {B, 'x', 'y', 'z'}, 3);
}

std::vector<TrainRow> split_rows_of(const std::vector<SftRecord>& records, int64_t max_length,
                                    bool append_eos) {
  return tokenise(records, LetterTokenizer(),
                  {.max_length = max_length, .append_eos = append_eos, .long_texts = LongTexts::kSplit})
      .rows;
}

TEST(TokeniseText, F10ALongTextGoesOnInFurtherRowsEachWithItsOwnBos) {
  const auto rows = split_rows_of({{true, "", "uvwxyz", "t.jsonl:4"}, {true, "", "xy", "t.jsonl:5"}}, 3,
                                  /*append_eos=*/false);
  ASSERT_EQ(rows.size(), 4u);
  expect_sequence(rows[0].sequences[0], {B, 'u', 'v'}, 0);
  expect_sequence(rows[1].sequences[0], {B, 'w', 'x'}, 0);
  expect_sequence(rows[2].sequences[0], {B, 'y', 'z'}, 0);
  expect_sequence(rows[3].sequences[0], {B, 'x', 'y'}, 0);  // fits
  EXPECT_EQ(rows[1].place, "t.jsonl:4, part 2 of 3");
  EXPECT_EQ(rows[3].place, "t.jsonl:5");
  // Only the last row ends with EOS, which may have a row to itself.
  const auto ended = split_rows_of({{true, "", "uvwx", ""}}, 3, /*append_eos=*/true);
  ASSERT_EQ(ended.size(), 3u);
  expect_sequence(ended[1].sequences[0], {B, 'w', 'x'}, 0);
  expect_sequence(ended[2].sequences[0], {B, E}, 0);
}

TEST(TokeniseText, F10OfASplitCompletionOnlyItsOwnTokensAreLabels) {
  // B u v w | x y z E with room for two a row: [u v] is prompt alone, [w x] has one label, [y z] and [E] are
  // all completion.
  const auto rows = split_rows_of({{false, "uvw", "xyz", "p:1"}}, 3, /*append_eos=*/true);
  ASSERT_EQ(rows.size(), 3u);
  expect_sequence(rows[0].sequences[0], {B, 'w', 'x'}, 2);
  expect_sequence(rows[1].sequences[0], {B, 'y', 'z'}, 1);
  expect_sequence(rows[2].sequences[0], {B, E}, 1);
  EXPECT_EQ(rows[0].place, "p:1, part 2 of 4");
  EXPECT_EQ(rows[0].num_labels() + rows[1].num_labels() + rows[2].num_labels(), 4);
}

TEST(TokeniseText, F10SplitRecordsAreCountedAndMustHaveRoom) {
  const std::vector<SftRecord> records = {{true, "", "uvwxyz", ""}, {true, "", "x", ""}};
  const TokeniseOptions options{.max_length = 3, .long_texts = LongTexts::kSplit};
  EXPECT_EQ(tokenise(records, LetterTokenizer(), options).num_split, 1);
  EXPECT_EQ(tokenise(records, LetterTokenizer(), {.max_length = 3}).rows.size(), 2u);  // cut
  EXPECT_THROW(tokenise(records, LetterTokenizer(), {.max_length = 1, .long_texts = LongTexts::kSplit}),
               Error);
}

TEST(TokeniseText, NeedsAnEosTokenUnlessTold) {
  LetterTokenizer tokenizer;
  tokenizer.forget_eos();
  const std::vector<SftRecord> records = {{true, "", "x", ""}};
  EXPECT_THROW(tokenise(records, tokenizer, {}), Error);
  EXPECT_EQ(tokenise(records, tokenizer, {.append_eos = false}).rows.size(), 1u);
}

TEST(TokenisePair, Trl1GivesBothSidesOnePromptLength) {
  const TrainRow plain = one_pair({"xy", "cd", "e", "pairs.jsonl:3"}, {});
  expect_sequence(plain.sequences[0], {B, 'x', 'y', 'c', 'd', E}, 3);
  expect_sequence(plain.sequences[1], {B, 'x', 'y', 'e', E}, 3);
  EXPECT_EQ(plain.place, "pairs.jsonl:3");
  EXPECT_EQ(plain.num_tokens(), 11);  // the prompt counts on both sides
  // "a" merges into the chosen side only, yet the rejected side's labels begin at the "a" too.
  const TrainRow merged = one_pair({"xa", "bc", "cc", ""}, {});
  expect_sequence(merged.sequences[0], {B, 'x', AB, 'c', E}, 2);
  expect_sequence(merged.sequences[1], {B, 'x', 'a', 'c', 'c', E}, 2);
}

TEST(TokenisePair, Trl1CutsTheEndOfEachSideAndWithALimitTheBeginningOfThePrompt) {
  const TrainRow cut = one_pair({"xy", "cdef", "e", ""}, {.max_length = 5});
  expect_sequence(cut.sequences[0], {B, 'x', 'y', 'c', 'd'}, 3);
  expect_sequence(cut.sequences[1], {B, 'x', 'y', 'e', E}, 3);
  const TrainRow short_prompt = one_pair({"uvxy", "c", "e", ""}, {.max_length = 100, .max_prompt_length = 2});
  expect_sequence(short_prompt.sequences[0], {'x', 'y', 'c', E}, 2);
  expect_sequence(short_prompt.sequences[1], {'x', 'y', 'e', E}, 2);
}

TEST(TokenisePair, Trl08MovesBackOneTokenOnTheSideThatMerges) {
  const TrainRow row = one_pair({"xa", "bc", "cc", ""}, {.pairs = PairTokenization::kTrl08});
  expect_sequence(row.sequences[0], {B, 'x', AB, 'c', E}, 2);
  expect_sequence(row.sequences[1], {B, 'x', 'a', 'c', 'c', E}, 3);
}

TEST(TokenisePair, Trl08KeepsTheEndOfAPromptOnlyWhereThePairIsTooLong) {
  TokeniseOptions options{.max_length = 8, .max_prompt_length = 3, .pairs = PairTokenization::kTrl08};
  // BOS + 4 + 3 = 8 fits: nothing is cut.
  expect_sequence(one_pair({"uvxy", "cd", "e", ""}, options).sequences[0],
                  {B, 'u', 'v', 'x', 'y', 'c', 'd', E}, 5);
  // One more answer token on the chosen side: both prompts keep their last 3 tokens, BOS is lost with the
  // rest.
  const TrainRow row = one_pair({"uvxy", "cdf", "e", ""}, options);
  expect_sequence(row.sequences[0], {'v', 'x', 'y', 'c', 'd', 'f', E}, 3);
  expect_sequence(row.sequences[1], {'v', 'x', 'y', 'e', E}, 3);
}

TEST(TokenisePair, Trl08ThenCutsAnswersToTheRest) {
  TokeniseOptions options{.max_length = 8, .max_prompt_length = 3, .pairs = PairTokenization::kTrl08};
  const TrainRow row = one_pair({"uvxy", "cdfghi", "e", ""}, options);
  expect_sequence(row.sequences[0], {'v', 'x', 'y', 'c', 'd', 'f', 'g', 'h'}, 3);  // 8 − 3 = 5 answer tokens
  expect_sequence(row.sequences[1], {'v', 'x', 'y', 'e', E}, 3);
}

TEST(TokeniseLabelled, IsAPromptAndItsCompletion) {
  const auto data = tokenise(std::vector<LabelledRecord>{{"xy", "c", false, "k:1"}}, LetterTokenizer(), {});
  ASSERT_EQ(data.rows.size(), 1u);
  expect_sequence(data.rows[0].sequences[0], {B, 'x', 'y', 'c', E}, 3);
  EXPECT_FALSE(data.rows[0].is_desirable);
}

// As TRL's KTOTrainer: y_n, y_1, … y_{n−1} within each group.
TEST(TokeniseLabelled, MismatchedCompletionsGoRoundWithinEachGroup) {
  auto rows =
      tokenise(std::vector<LabelledRecord>{{"x", "c", true, ""}, {"y", "dd", true, ""}, {"z", "e", true, ""}},
               LetterTokenizer(), {})
          .rows;
  add_mismatched(rows, 2, 100);
  expect_sequence(rows[0].sequences[1], {B, 'x', 'd', 'd', E}, 2);
  expect_sequence(rows[1].sequences[1], {B, 'y', 'c', E}, 2);
  expect_sequence(rows[2].sequences[1], {B, 'z', 'e', E}, 2);  // a group of one
  rows.resize(2);
  for (TrainRow& row : rows) row.sequences.pop_back();
  add_mismatched(rows, 2, 4);
  expect_sequence(rows[0].sequences[1], {B, 'x', 'd', 'd'}, 2);
}

TEST(TokenisePair, UnknownRulesAreAUsageError) { EXPECT_THROW(parse_pair_tokenization("trl_2"), Error); }

}  // namespace
}  // namespace xlt
