// SPDX-License-Identifier: Apache-2.0
#include "train/pack.h"

#include "train/tokenise.h"
#include "train/train_testing.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using testing::ElementsAre;

TEST(Pack, APairSharesItsPromptAndBothSidesReadItsLastRow) {
  const std::vector<TrainRow> rows = {{{{{1, 5, 6, 7, 8, 2}, 3}, {{1, 5, 6, 9, 2}, 3}}, ""}};
  const PackedRows packed = pack(rows, std::vector<int64_t>{0});
  EXPECT_THAT(packed.tokens.input_ids(), ElementsAre(1, 5, 6, 7, 8, 2, 9, 2));
  ASSERT_EQ(packed.tokens.segments().size(), 3u);
  EXPECT_EQ(packed.tokens.segments()[2].parent, 0);
  EXPECT_THAT(packed.hidden_rows, ElementsAre(2, 3, 4, 2, 6));
  EXPECT_THAT(packed.targets, ElementsAre(7, 8, 2, 9, 2));
  EXPECT_THAT(packed.num_labels, ElementsAre(3, 2));
}

TEST(Pack, SidesWithDifferentPromptLengthsShareWhatTheyCan) {
  // trl_0_8 on "xa" + "bc" / "cc": the rejected side's own prompt token 97 is in its child and is no label.
  const std::vector<TrainRow> rows = {{{{{1, 120, 128, 99, 2}, 2}, {{1, 120, 97, 99, 99, 2}, 3}}, ""}};
  const PackedRows packed = pack(rows, std::vector<int64_t>{0});
  EXPECT_THAT(packed.tokens.input_ids(), ElementsAre(1, 120, 128, 99, 2, 97, 99, 99, 2));
  EXPECT_THAT(packed.hidden_rows, ElementsAre(1, 2, 3, 5, 6, 7));
  EXPECT_THAT(packed.targets, ElementsAre(128, 99, 2, 99, 99, 2));
  EXPECT_THAT(packed.num_labels, ElementsAre(3, 3));
}

TEST(Pack, WithoutASharedBeginningTheSidesAreRootsAndTokenZeroIsNoLabel) {
  const std::vector<TrainRow> rows = {{{{{4, 5}, 0}, {{6, 7, 8}, 0}}, ""}};
  const PackedRows packed = pack(rows, std::vector<int64_t>{0});
  EXPECT_EQ(packed.tokens.segments()[1].parent, -1);
  EXPECT_THAT(packed.hidden_rows, ElementsAre(0, 2, 3));
  EXPECT_THAT(packed.targets, ElementsAre(5, 7, 8));
}

// The prompt's own labels 5 and 6 are read from the root, and no token is computed again.
TEST(Pack, LabelsInThePromptAreReadFromTheSharedRoot) {
  std::vector<TrainRow> rows = {{{{{1, 5, 6, 7, 8, 2}, 3}, {{1, 5, 6, 9, 2}, 3}}, ""}};
  add_prompts(rows);
  const PackedRows packed = pack(rows, std::vector<int64_t>{0});
  EXPECT_THAT(packed.tokens.input_ids(), ElementsAre(1, 5, 6, 7, 8, 2, 9, 2));
  EXPECT_THAT(packed.hidden_rows, ElementsAre(2, 3, 4, 2, 6, 0, 1));
  EXPECT_THAT(packed.targets, ElementsAre(7, 8, 2, 9, 2, 5, 6));
  EXPECT_THAT(packed.num_labels, ElementsAre(3, 2, 2));
  EXPECT_EQ(rows[0].num_tokens(), 6 + 5);  // both sides, as ever
}

// The sides part before the chosen one's prompt ends; and a pair without a prompt has no label in it.
TEST(Pack, APromptThatIsNotWhollySharedIsARootOfItsOwn) {
  std::vector<TrainRow> rows = {{{{{1, 120, 128, 99, 2}, 3}, {{1, 120, 97, 99, 99, 2}, 3}}, ""},
                                {{{{4, 5}, 0}, {{6, 7}, 0}}, ""}};
  add_prompts(rows);
  const PackedRows packed = pack(rows, std::vector<int64_t>{0, 1});
  EXPECT_THAT(packed.tokens.input_ids(),
              ElementsAre(1, 120, 128, 99, 2, 97, 99, 99, 2, 1, 120, 128, 4, 5, 6, 7));
  EXPECT_THAT(packed.hidden_rows, ElementsAre(2, 3, 5, 6, 7, 9, 10, 12, 14));
  EXPECT_THAT(packed.targets, ElementsAre(99, 2, 99, 99, 2, 120, 128, 5, 7));
  EXPECT_THAT(packed.num_labels, ElementsAre(2, 3, 2, 1, 1, 0));
}

TEST(Pack, TextsAreRootsInTheOrderAskedFor) {
  const std::vector<TrainRow> rows = {{{{{1, 2}, 0}}, ""}, {{{{3, 4, 5}, 2}}, ""}, {{{{6}, 0}}, ""}};
  const PackedRows packed = pack(rows, std::vector<int64_t>{2, 1});
  EXPECT_THAT(packed.tokens.input_ids(), ElementsAre(6, 3, 4, 5));
  EXPECT_THAT(packed.hidden_rows, ElementsAre(2));
  EXPECT_THAT(packed.targets, ElementsAre(5));
  EXPECT_THAT(packed.num_labels, ElementsAre(0, 1));
}

// A real (tiny) decoder: a pair in one forest scores as its two sides do alone.
TEST(SequenceLogps, PackedPairsEqualLoneSequences) {
  const fs::path config = fresh_folder("pack") / "config.json";
  write_file(
      config,
      R"({"model_type":"llama","vocab_size":50,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,
    "num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-6,"initializer_range":0.2,"rope_theta":10000.0})");
  const auto decoder = make_decoder(config, 50, Placement{}, Rng(1));
  std::vector<TrainRow> pairs, lone;
  Rng rng(3);
  for (int row = 0; row < 4; ++row) {
    std::vector<int64_t> prompt;
    for (int64_t n = 1 + rng.below(6); n > 0; --n) prompt.push_back(rng.below(50));
    TrainRow pair;
    for (int side = 0; side < 2; ++side) {
      TrainSequence sequence{prompt, static_cast<int64_t>(prompt.size())};
      for (int64_t n = 1 + rng.below(5); n > 0; --n) sequence.ids.push_back(rng.below(50));
      lone.push_back({{sequence}, ""});
      pair.sequences.push_back(sequence);
    }
    pairs.push_back(pair);
  }
  std::vector<int64_t> all(pairs.size());
  std::iota(all.begin(), all.end(), 0);
  const at::Tensor together = sequence_logps(*decoder, pack(pairs, all));
  for (size_t i = 0; i < lone.size(); ++i) {
    const double alone =
        sequence_logps(*decoder, pack(lone, std::vector<int64_t>{static_cast<int64_t>(i)})).item<double>();
    EXPECT_NEAR(together[i].item<double>(), alone, 1e-4) << i;
  }
}

}  // namespace
}  // namespace xlt
