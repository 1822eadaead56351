// SPDX-License-Identifier: Apache-2.0
// How far a finetuned model is from the untouched one, text by text: both read the same packed forest, and
// only the last hidden states of each are held.
#include "lm/decoder_lm.h"
#include "lm/prefix_forest.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include "xlt/base/error.h"
#include "xlt/ops/head/token_kl.h"

namespace xlt {

namespace {

// Adapters are off while it lives.
class AdaptersOff {
 public:
  explicit AdaptersOff(Decoder& decoder) : decoder_(decoder) { set_lora_enabled(decoder_, false); }
  ~AdaptersOff() { set_lora_enabled(decoder_, true); }
  AdaptersOff(const AdaptersOff&) = delete;
  AdaptersOff& operator=(const AdaptersOff&) = delete;

 private:
  Decoder& decoder_;
};

// A run of texts, of which the first `num_skipped` positions of each were counted in the window before.
struct Window {
  size_t text;
  size_t num_skipped;
};

// As in rolling_log_likelihood a window begins with the last token of the one before it.
void add_windows(size_t text, const std::vector<int64_t>& ids, int64_t length,
                 std::vector<std::vector<int64_t>>& inputs, std::vector<Window>& windows) {
  const int64_t size = static_cast<int64_t>(ids.size());
  for (int64_t begin = 0; begin == 0 ? size > 0 : begin + 1 < size; begin += length - 1) {
    inputs.emplace_back(ids.begin() + begin, ids.begin() + std::min(begin + length, size));
    windows.push_back({text, begin == 0 ? size_t{0} : size_t{1}});
  }
}

at::Tensor most_probable(const ops::HeadRows& rows) {
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < rows.hidden.size(0); begin += rows.options.chunk_rows) {
    const at::Tensor chunk =
        rows.hidden.narrow(0, begin, std::min(rows.options.chunk_rows, rows.hidden.size(0) - begin));
    parts.push_back(ops::head_logits(chunk, rows.weight, rows.options).argmax(1));
  }
  return at::cat(parts);
}

ops::HeadRows head_rows_of(const Decoder& decoder, const TokenBatch& batch) {
  return {decoder.forward(batch, nullptr), decoder.head_weight(), decoder.head_options()};
}

// Adds what the rows of one forest say, each to the text of its sequence.
void add_rows(const ForestBatch& forest, const std::vector<Window>& windows, const ops::HeadRows& untouched,
              const ops::HeadRows& own, std::vector<Divergence>& divergences) {
  const at::Tensor kl = ops::token_kl(untouched, own).to(at::kCPU),
                   agrees = (most_probable(untouched) == most_probable(own)).to(at::kCPU);
  const float* kl_of = kl.const_data_ptr<float>();
  const bool* agrees_at = agrees.const_data_ptr<bool>();
  for (size_t k = 0; k < forest.sequences.size(); ++k) {
    const Window& window = windows[static_cast<size_t>(forest.sequences[k])];
    Divergence& divergence = divergences[window.text];
    for (size_t t = window.num_skipped; t < forest.rows[k].size(); ++t) {
      divergence.kl += kl_of[forest.rows[k][t]];
      divergence.num_agreeing += agrees_at[forest.rows[k][t]];
      ++divergence.num_positions;
    }
  }
}

}  // namespace

void DecoderLm::set_base(std::unique_ptr<Decoder> base, const std::string& name) {
  const int64_t own = decoder_->head_weight().size(0), its = base->head_weight().size(0);
  if (own != its)
    throw Error(ErrorKind::kUsage,
                str_cat("has a vocabulary of ", its, " tokens, the model one of ", own,
                        "; the untouched model is the one that finetuning began with"),
                name);
  base_ = std::move(base);
}

std::optional<std::vector<Divergence>> DecoderLm::divergence_from_base(std::span<const std::string> texts,
                                                                       TextStart start) {
  if (!base_ && info_.adapter.empty()) return std::nullopt;
  const at::NoGradGuard no_grad;
  const int64_t length = info_.max_length;
  std::vector<std::vector<int64_t>> inputs;
  std::vector<Window> windows;
  for (size_t i = 0; i < texts.size(); ++i) add_windows(i, encode(texts[i], start), length, inputs, windows);
  std::vector<Divergence> divergences(texts.size());
  Progress progress = context_.progress("comparing", static_cast<int64_t>(inputs.size()), "texts");
  for (const auto& run : plan_forest_runs(inputs, batch_tokens_)) {
    context_.throw_if_interrupted();
    const ForestBatch forest = pack_forest(inputs, run);
    const ops::HeadRows own = head_rows_of(*decoder_, forest.batch);
    const ops::HeadRows untouched = [&] {
      if (base_) return head_rows_of(*base_, forest.batch);
      const AdaptersOff off(*decoder_);
      return head_rows_of(*decoder_, forest.batch);
    }();
    add_rows(forest, windows, untouched, own, divergences);
    num_tokens_computed_ += 2 * forest.batch.num_tokens();
    progress.advance(static_cast<int64_t>(run.size()));
  }
  return divergences;
}

std::optional<std::vector<LogLikelihood>> DecoderLm::base_log_likelihood(
    std::span<const LogLikelihoodRequest> requests) {
  if (base_) return log_likelihood_by(*base_, requests);
  if (info_.adapter.empty()) return std::nullopt;
  const AdaptersOff off(*decoder_);
  return log_likelihood_by(*decoder_, requests);
}

}  // namespace xlt
