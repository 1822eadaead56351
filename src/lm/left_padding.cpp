// SPDX-License-Identifier: Apache-2.0
// Quirk B5: the published StereoSet code scores rows of a padded batch as if the pads stood at the end. Row x
// of a text of n tokens behind p pads is read as x_1 … x_n, which is p pads and the text without its last p
// tokens:
//   Σ = log P(x_1 | BOS) + Σ_{i = 2…n} log P(x_i | x_1 … x_{i-1} as the model sees them)
// A pad is masked for the text, which is scored as by itself. Differs from the published code: there a pad's
// own row, wholly masked, attends evenly to the whole row (eager attention) or as the kernel likes; here it
// attends to the pads before it. The terms of the pads then depend on their number alone.
#include "lm/decoder_lm.h"

#include <algorithm>
#include <numeric>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr size_t kBatch = 2;  // candidates, as published

// One row: what is scored are the first token, the pads after it with the text's first token, and the text.
struct PaddedRow {
  int64_t num_pads = 0;
  std::vector<int64_t> ids;  // of the text, without the tokens it loses
};

}  // namespace

std::optional<std::vector<LogLikelihood>> DecoderLm::left_padded_log_likelihood(
    std::span<const std::string> texts) {
  const auto prefix = tokenizer_->prefix_ids();
  if (!padding_.is_left || !padding_.id || prefix.empty()) return std::nullopt;
  std::vector<PaddedRow> rows;
  for (const std::string& text : texts) rows.push_back({0, tokenizer_->encode(text, SpecialTokens::kAdd)});
  for (size_t begin = 0; begin < rows.size(); begin += kBatch) {
    const auto batch = std::span(rows).subspan(begin, std::min(kBatch, rows.size() - begin));
    size_t longest = 0;
    for (const PaddedRow& row : batch) longest = std::max(longest, row.ids.size());
    for (PaddedRow& row : batch) {
      const size_t length = row.ids.size(), pads = std::min(longest - length, length);
      row.num_pads = static_cast<int64_t>(pads);
      row.ids.resize(length - pads);
    }
  }
  // Three sequences a row; what repeats between rows is computed once.
  std::vector<ScoringSequence> sequences;
  for (const PaddedRow& row : rows) {
    const int64_t first = row.num_pads > 0 ? *padding_.id : prefix.front();
    sequences.push_back({{prefix.front(), first}, 1});
    std::vector<int64_t> pads(static_cast<size_t>(row.num_pads), *padding_.id);
    if (!pads.empty() && !row.ids.empty()) pads.push_back(row.ids.front());
    sequences.push_back({std::move(pads), 1});
    sequences.push_back({row.ids, 1});
  }
  const auto scores = score(*decoder_, sequences);
  std::vector<LogLikelihood> results;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<double> tokens;
    for (size_t part = 0; part < 3; ++part)
      tokens.insert(tokens.end(), scores[3 * i + part].begin(), scores[3 * i + part].end());
    LogLikelihood result;
    result.log_likelihood = std::accumulate(tokens.begin(), tokens.end(), 0.0);
    result.num_tokens = static_cast<int64_t>(tokens.size());
    result.token_log_likelihoods = std::move(tokens);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace xlt
