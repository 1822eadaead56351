// SPDX-License-Identifier: Apache-2.0
// Packs token sequences into batches in which a shared prefix is computed once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "xlt/nn/token_batch.h"

namespace xlt {

struct ForestBatch {
  TokenBatch batch;
  std::vector<int64_t> sequences;          // indices into the input, in sorted order
  std::vector<std::vector<int64_t>> rows;  // rows[i][t]: batch row of token t of sequences[i]
};

// Sequences in lexicographic order, cut into runs of at most `batch_tokens` computed tokens (a longer
// sequence is a run by itself); each run becomes a forest whose segments are the edges of its prefix tree.
// Every sequence has at least one token.
std::vector<std::vector<int64_t>> plan_forest_runs(std::span<const std::vector<int64_t>> sequences,
                                                   int64_t batch_tokens);
ForestBatch pack_forest(std::span<const std::vector<int64_t>> sequences, std::span<const int64_t> run);

}  // namespace xlt
