// SPDX-License-Identifier: Apache-2.0
// Scoring whole sentences, as CrowS-Pairs and StereoSet do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

struct SentenceScore {
  double log_likelihood = 0;
  int64_t num_tokens = 0;
  // Mean log-probability a token. Where the tokenizer puts BOS before a text, the published code averages
  // log P(BOS | BOS) in (protocol 2.1); where it does not, the first token is conditioned on the start of a
  // document in both modes. That code compares 2^(mean log2 p), whose order is the same.
  double paper = 0;
  double corrected = 0;  // without that constant
  Unscored unscored;
  // Quirk B5: what `paper` was taken from, where the sentence was read in a batch padded on the left.
  std::optional<LogLikelihood> padded = {};
  Json to_json(const std::string& text) const;
};
// Adds which of two sentences is preferred, or why that cannot be told: ratios "paper.preferred" (a tie is no
// hit), "corrected.preferred" (half a hit), "corrected.sum" (by the sums), "flipped" (paper and corrected
// count it otherwise) and "likelihood_diff".
void add_preference(ScoredItem& item, const SentenceScore& first, const SentenceScore& second);
std::vector<SentenceScore> score_sentences(LanguageModel& lm, const std::vector<std::string>& sentences);

}  // namespace xlt
