// SPDX-License-Identifier: Apache-2.0
// Scoring: requests → token sequences → packed forests → log-probabilities of the tokens asked about.
#include "lm/decoder_lm.h"

#include "lm/prefix_forest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/text/token_bytes.h"

namespace xlt {

namespace {

LogLikelihood summed(std::vector<double> tokens) {
  LogLikelihood result;
  result.log_likelihood = std::accumulate(tokens.begin(), tokens.end(), 0.0);
  result.num_tokens = static_cast<int64_t>(tokens.size());
  result.token_log_likelihoods = std::move(tokens);
  return result;
}

// Which rows a batch needs and which (row, target) pairs, each once, and where every scored token finds its
// own pair.
struct HeadRows {
  std::vector<int64_t> rows;
  std::vector<int64_t> row_of, targets;     // of a pair; row_of in `rows`
  std::vector<std::vector<int64_t>> index;  // [sequence of the run][scored token]
};

HeadRows head_rows(const ForestBatch& forest, const std::vector<ScoringSequence>& sequences) {
  HeadRows out;
  struct SeenRow {
    int64_t index;                                     // in out.rows
    std::vector<std::pair<int64_t, int64_t>> targets;  // and the pair of each
  };
  std::unordered_map<int64_t, SeenRow> seen;
  out.index.resize(forest.sequences.size());
  for (size_t i = 0; i < forest.sequences.size(); ++i) {
    const ScoringSequence& sequence = sequences[forest.sequences[i]];
    for (int64_t t = sequence.first_scored; t < static_cast<int64_t>(sequence.ids.size()); ++t) {
      const auto [row, is_new] =
          seen.try_emplace(forest.rows[i][t - 1], SeenRow{static_cast<int64_t>(out.rows.size()), {}});
      if (is_new) out.rows.push_back(row->first);
      auto& targets = row->second.targets;
      auto found = std::find_if(targets.begin(), targets.end(),
                                [&](const auto& x) { return x.first == sequence.ids[t]; });
      if (found == targets.end()) {
        targets.emplace_back(sequence.ids[t], static_cast<int64_t>(out.targets.size()));
        found = std::prev(targets.end());
        out.row_of.push_back(row->second.index);
        out.targets.push_back(sequence.ids[t]);
      }
      out.index[i].push_back(found->second);
    }
  }
  return out;
}

// NaN and infinities would be written as null.
void check_finite(std::span<const float> logps, const LanguageModelInfo& info) {
  if (!std::all_of(logps.begin(), logps.end(), [](float x) { return std::isfinite(x); }))
    throw_not_finite(info);
}

// Obeys LongContext. The last token of a sequence predicts nothing, so it may be one longer than the model's
// context where it is cut.
void cut_long_contexts(std::span<const LogLikelihoodRequest> requests,
                       std::vector<ScoringSequence>& sequences, int64_t max_length, const Context& context) {
  int64_t num_whole = 0, num_cut = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    ScoringSequence& sequence = sequences[i];
    const int64_t size = static_cast<int64_t>(sequence.ids.size());
    if (requests[i].long_context == LongContext::kWhole) {
      num_whole += size > max_length;
    } else if (size > max_length + 1) {
      const int64_t excess = size - (max_length + 1);
      sequence.ids.erase(sequence.ids.begin(), sequence.ids.begin() + excess);
      sequence.first_scored = std::max<int64_t>(1, sequence.first_scored - excess);
      ++num_cut;
    }
  }
  if (num_whole > 0)
    context.warn(str_cat(num_whole, " of ", requests.size(), " requests are longer than the model's ",
                         max_length, " tokens: it was not trained on positions beyond them"));
  if (num_cut > 0)
    context.warn(str_cat(num_cut, " of ", requests.size(), " requests are longer than the model's ",
                         max_length, " tokens: the beginning of their context is left out"));
}

at::Tensor long_tensor(const std::vector<int64_t>& values, at::Device device) {
  return at::tensor(at::ArrayRef<int64_t>(values), at::kLong).to(device);
}

}  // namespace

void throw_not_finite(const LanguageModelInfo& info) {
  throw Error(
      ErrorKind::kCheckpoint,
      str_cat("what the model gives is not finite in ", info.dtype,
              ": its weights or its adapter's hold NaN or infinities, or are too large for this dtype"),
      info.adapter.empty() ? info.model : info.model + " with " + info.adapter);
}

DecoderLm::DecoderLm(std::shared_ptr<Decoder> decoder, std::shared_ptr<const Tokenizer> tokenizer,
                     std::vector<int64_t> stop_ids, LanguageModelInfo info, int64_t batch_tokens,
                     const Context& context)
    : decoder_(std::move(decoder)),
      tokenizer_(std::move(tokenizer)),
      stop_ids_(std::move(stop_ids)),
      info_(std::move(info)),
      batch_tokens_(batch_tokens),
      context_(context) {
  if (const auto eos = tokenizer_->eos_id()) stop_ids_.push_back(*eos);
}

std::vector<std::vector<double>> DecoderLm::score(const Decoder& decoder,
                                                  const std::vector<ScoringSequence>& sequences) {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<double>> scores(sequences.size());
  // The last token predicts nothing, so it is not computed.
  std::vector<std::vector<int64_t>> inputs;
  std::vector<int64_t> owner;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto& ids = sequences[i].ids;
    if (static_cast<int64_t>(ids.size()) <= sequences[i].first_scored) continue;
    inputs.emplace_back(ids.begin(), ids.end() - 1);
    owner.push_back(static_cast<int64_t>(i));
  }
  Progress progress = context_.progress("scoring", static_cast<int64_t>(inputs.size()), "texts");
  for (const auto& run : plan_forest_runs(inputs, batch_tokens_)) {
    context_.throw_if_interrupted();
    ForestBatch forest = pack_forest(inputs, run);
    for (int64_t& sequence : forest.sequences) sequence = owner[sequence];
    const HeadRows wanted = head_rows(forest, sequences);
    decoder.check_tokens(wanted.targets);
    const at::Tensor hidden = decoder.forward(forest.batch, nullptr, wanted.rows);
    const at::Tensor logps =
        ops::token_logps(hidden.index_select(0, long_tensor(wanted.row_of, hidden.device())),
                         decoder.head_weight(), long_tensor(wanted.targets, hidden.device()),
                         decoder.head_options())
            .to(at::kCPU);
    const float* values = logps.const_data_ptr<float>();
    check_finite({values, static_cast<size_t>(logps.numel())}, info_);
    for (size_t i = 0; i < forest.sequences.size(); ++i)
      for (int64_t index : wanted.index[i]) scores[forest.sequences[i]].push_back(values[index]);
    num_tokens_computed_ += forest.batch.num_tokens();
    progress.advance(static_cast<int64_t>(run.size()));
  }
  return scores;
}

std::vector<LogLikelihood> DecoderLm::log_likelihood(std::span<const LogLikelihoodRequest> requests) {
  return log_likelihood_by(*decoder_, requests);
}

std::vector<LogLikelihood> DecoderLm::log_likelihood_by(const Decoder& decoder,
                                                        std::span<const LogLikelihoodRequest> requests) {
  std::vector<ScoringSequence> sequences;
  for (const LogLikelihoodRequest& request : requests) {
    const TextStart start = request.is_rendered       ? TextStart::kRendered
                            : request.context.empty() ? TextStart::kDocument
                                                      : TextStart::kAsTokenized;
    ScoringSequence sequence{encode(request.context + request.continuation, start), 1};
    if (request.context.empty()) {
      sequence.first_scored = std::max<int64_t>(1, static_cast<int64_t>(tokenizer_->prefix_ids().size()));
    } else {
      const auto context = encode(request.context, start);
      const auto parted =
          std::mismatch(context.begin(), context.end(), sequence.ids.begin(), sequence.ids.end());
      sequence.first_scored = std::max<int64_t>(1, parted.second - sequence.ids.begin());
    }
    sequences.push_back(std::move(sequence));
  }
  cut_long_contexts(requests, sequences, info_.max_length, context_);
  std::vector<LogLikelihood> results;
  for (auto& tokens : score(decoder, sequences)) results.push_back(summed(std::move(tokens)));
  return results;
}

std::optional<int64_t> DecoderLm::document_start() const {
  const auto bos = tokenizer_->bos_id();
  return bos ? bos : tokenizer_->eos_id();
}

std::vector<int64_t> DecoderLm::encode(std::string_view text, TextStart start) const {
  if (start == TextStart::kRendered) return tokenizer_->encode(text, SpecialTokens::kNone);
  auto ids = tokenizer_->encode(text, SpecialTokens::kAdd);
  if (start == TextStart::kAsTokenized || !tokenizer_->prefix_ids().empty()) return ids;
  // A text that spells its own start is not given another, as BOS is never put twice.
  const auto first = document_start();
  if (first && (ids.empty() || ids.front() != *first)) ids.insert(ids.begin(), *first);
  return ids;
}

std::vector<LogLikelihood> DecoderLm::rolling_log_likelihood(std::span<const std::string> texts,
                                                             TextStart start) {
  // Windows of at most max_length tokens; each begins with the last token of the one before it, so every
  // token but the first is scored once.
  const int64_t length = info_.max_length;
  std::vector<ScoringSequence> windows;
  std::vector<size_t> owner;
  std::vector<int64_t> num_bytes;
  int64_t num_long = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto ids = encode(texts[i], start);
    const int64_t size = static_cast<int64_t>(ids.size());
    num_long += size > length;
    num_bytes.push_back(static_cast<int64_t>(texts[i].size()) -
                        first_token_bytes(*tokenizer_, texts[i], ids));
    for (int64_t begin = 0; begin + 1 < size; begin += length - 1) {
      windows.push_back({{ids.begin() + begin, ids.begin() + std::min(begin + length, size)}, 1});
      owner.push_back(i);
    }
  }
  if (num_long > 0)
    context_.warn(str_cat(num_long, " of ", texts.size(), " texts are longer than the model's ", length,
                          " tokens: they are scored in windows, each of which sees only its own tokens"));
  std::vector<std::vector<double>> tokens(texts.size());
  auto scores = score(*decoder_, windows);
  for (size_t w = 0; w < windows.size(); ++w)
    tokens[owner[w]].insert(tokens[owner[w]].end(), scores[w].begin(), scores[w].end());
  std::vector<LogLikelihood> results;
  for (size_t i = 0; i < texts.size(); ++i) {
    results.push_back(summed(std::move(tokens[i])));
    if (results[i].num_tokens > 0) results[i].num_bytes = std::max<int64_t>(0, num_bytes[i]);
  }
  return results;
}

std::optional<double> DecoderLm::bos_log_likelihood() {
  const auto prefix = tokenizer_->prefix_ids();
  if (prefix.empty()) return std::nullopt;
  return score(*decoder_, {{{prefix.front(), prefix.front()}, 1}})[0][0];
}

std::vector<std::string> DecoderLm::tokenize(std::string_view text) const {
  std::vector<std::string> pieces;
  for (std::string& piece : tokenizer_->decode_each(tokenizer_->encode(text, SpecialTokens::kNone)))
    if (!piece.empty()) pieces.push_back(std::move(piece));
  return pieces;
}

}  // namespace xlt
