// SPDX-License-Identifier: Apache-2.0
#include "lm/prefix_forest.h"

#include <gtest/gtest.h>

#include "xlt/base/rng.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;

// The tokens a sequence's rows hold, and the positions they stand at, must be the sequence itself.
void expect_rows_spell_sequences(const std::vector<Ids>& sequences, const ForestBatch& forest) {
  for (size_t i = 0; i < forest.sequences.size(); ++i) {
    const Ids& sequence = sequences[forest.sequences[i]];
    ASSERT_EQ(forest.rows[i].size(), sequence.size());
    for (size_t t = 0; t < sequence.size(); ++t) {
      EXPECT_EQ(forest.batch.input_ids()[forest.rows[i][t]], sequence[t]);
      EXPECT_EQ(forest.batch.position_ids()[forest.rows[i][t]], static_cast<int64_t>(t));
    }
  }
}

TEST(PrefixForest, SharedPrefixIsComputedOnce) {
  const std::vector<Ids> sequences{{1, 2, 3, 4}, {1, 2, 3, 5}, {1, 2, 6}};
  const auto runs = plan_forest_runs(sequences, 100);
  ASSERT_EQ(runs.size(), 1u);
  const ForestBatch forest = pack_forest(sequences, runs[0]);
  EXPECT_EQ(forest.batch.num_tokens(), 6);  // 1 2 · 3 · 4 · 5 · 6
  expect_rows_spell_sequences(sequences, forest);
}

TEST(PrefixForest, EqualAndNestedSequencesShareEveryRow) {
  const std::vector<Ids> sequences{{1, 2, 3}, {1, 2}, {1, 2, 3}};
  const ForestBatch forest = pack_forest(sequences, plan_forest_runs(sequences, 100)[0]);
  EXPECT_EQ(forest.batch.num_tokens(), 3);
  expect_rows_spell_sequences(sequences, forest);
}

TEST(PrefixForest, RunsRespectTheTokenLimitAndLoseNothing) {
  Rng rng(3);
  std::vector<Ids> sequences;
  for (int i = 0; i < 200; ++i) {
    Ids ids;
    for (int64_t n = 1 + rng.below(12); n > 0; --n) ids.push_back(rng.below(3));
    sequences.push_back(ids);
  }
  std::vector<int> seen(sequences.size());
  for (const auto& run : plan_forest_runs(sequences, 20)) {
    const ForestBatch forest = pack_forest(sequences, run);
    EXPECT_LE(forest.batch.num_tokens(), 20);
    expect_rows_spell_sequences(sequences, forest);
    for (int64_t index : run) ++seen[index];
  }
  EXPECT_EQ(seen, std::vector<int>(sequences.size(), 1));
}

TEST(PrefixForest, ASequenceLongerThanTheLimitIsARunByItself) {
  const std::vector<Ids> sequences{{1, 2, 3, 4, 5}, {2}};
  EXPECT_EQ(plan_forest_runs(sequences, 3).size(), 2u);
}

}  // namespace
}  // namespace xlt
