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

// One text, or the two sides of a pair (chosen, rejected).
struct TrainRow {
  std::vector<TrainSequence> sequences;
  std::string place;  // "file.jsonl:17"

  int64_t num_labels() const {
    int64_t count = 0;
    for (const TrainSequence& sequence : sequences) count += sequence.num_labels();
    return count;
  }
  // Real tokens, a pair's prompt counted on both sides, as TRL's `num_tokens` does.
  int64_t num_tokens() const {
    int64_t count = 0;
    for (const TrainSequence& sequence : sequences) count += sequence.length();
    return count;
  }
};

}  // namespace xlt
