// SPDX-License-Identifier: Apache-2.0
// A training record as tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace xlt {

// Tokens of which those from `num_context` on are labels. Nothing predicts token 0, so it is never a label.
struct TrainSequence {
  std::vector<int64_t> ids;
  int64_t num_context = 0;

  int64_t length() const { return static_cast<int64_t>(ids.size()); }
  int64_t first_label() const { return std::max<int64_t>(num_context, 1); }
  int64_t num_labels() const { return std::max<int64_t>(length() - first_label(), 0); }
};

// One text or labelled completion, which may be followed by its prompt with another row's completion, or the
// two sides of a pair (chosen, rejected), which may be followed by their prompt alone.
struct TrainRow {
  std::vector<TrainSequence> sequences;
  std::string place;         // "file.jsonl:17"
  bool is_desirable = true;  // of a labelled completion
  // Whether the last sequence is one of these: no data of the row's own.
  bool is_mismatched = false;
  bool has_prompt = false;  // tokens that chosen begins with, all of them labels but the first

  int64_t num_labels() const { return sum_of_own(&TrainSequence::num_labels); }
  // Real tokens, a pair's prompt counted on both sides, as TRL's `num_tokens` does.
  int64_t num_tokens() const { return sum_of_own(&TrainSequence::length); }

 private:
  size_t num_own() const { return sequences.size() - (is_mismatched || has_prompt ? 1 : 0); }
  int64_t sum_of_own(int64_t (TrainSequence::*count)() const) const {
    int64_t sum = 0;
    for (size_t i = 0; i < num_own(); ++i) sum += (sequences[i].*count)();
    return sum;
  }
};

}  // namespace xlt
