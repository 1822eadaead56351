// SPDX-License-Identifier: Apache-2.0
#include "lm/text_batches.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// Rows of one forward pass, as for decoders: on two cores products run at full speed from about 200 rows.
constexpr int64_t kBatchTokensCpu = 512, kBatchTokensCuda = 8192;

}  // namespace

std::vector<std::vector<int64_t>> encode_within(const Tokenizer& tokenizer,
                                                std::span<const std::string> texts, int64_t max_length,
                                                const Context& context) {
  const int64_t suffix = static_cast<int64_t>(tokenizer.suffix_ids().size());
  XLT_CHECK(max_length > suffix, "a model of ", max_length, " tokens");
  std::vector<std::vector<int64_t>> sequences;
  int64_t num_cut = 0;
  for (const std::string& text : texts) {
    auto& ids = sequences.emplace_back(tokenizer.encode(text, SpecialTokens::kAdd));
    if (static_cast<int64_t>(ids.size()) <= max_length) continue;
    ids.erase(ids.begin() + (max_length - suffix), ids.end() - suffix);
    ++num_cut;
  }
  if (num_cut > 0)
    context.warn(str_cat(num_cut, " of ", texts.size(), " texts are longer than the model's ", max_length,
                         " tokens: only their beginning is looked at"));
  return sequences;
}

std::vector<std::vector<int64_t>> plan_runs(std::span<const std::vector<int64_t>> sequences,
                                            int64_t batch_tokens) {
  std::vector<std::vector<int64_t>> runs;
  int64_t tokens = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto length = static_cast<int64_t>(sequences[i].size());
    if (length == 0) continue;
    if (runs.empty() || tokens + length > batch_tokens) {
      runs.emplace_back();
      tokens = 0;
    }
    tokens += length;
    runs.back().push_back(static_cast<int64_t>(i));
  }
  return runs;
}

TokenBatch pack_apart(std::span<const std::vector<int64_t>> sequences, std::span<const int64_t> run) {
  TokenBatch batch;
  for (const int64_t index : run) batch.add(sequences[index]);
  return batch;
}

int64_t batch_tokens_or_default(int64_t asked, const Placement& where) {
  if (asked > 0) return asked;
  return where.is_cuda ? kBatchTokensCuda : kBatchTokensCpu;
}

void check_finite(std::span<const double> values, const std::string& model) {
  if (std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); })) return;
  throw Error(
      ErrorKind::kCheckpoint,
      "the model gives values that are no numbers: its weights hold NaN or infinities, or are too large "
      "for this dtype",
      model);
}

}  // namespace xlt
