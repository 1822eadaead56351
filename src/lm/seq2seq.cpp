// SPDX-License-Identifier: Apache-2.0
// Conditional log-likelihoods: a source that several targets share is encoded once a batch.
#include "xlt/lm/seq2seq.h"

#include "lm/text_batches.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/encoder_decoder.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt {

namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kAnyLength = std::numeric_limits<int64_t>::max() / 2;  // positions are relative

struct Pair {
  Ids source, target;
  size_t request = 0;
};

LogLikelihood summed(std::span<const double> tokens, size_t num_bytes) {
  LogLikelihood result;
  result.token_log_likelihoods.assign(tokens.begin(), tokens.end());
  result.log_likelihood = std::accumulate(tokens.begin(), tokens.end(), 0.0);
  result.num_tokens = static_cast<int64_t>(tokens.size());
  result.num_bytes = static_cast<int64_t>(num_bytes);
  return result;
}

class EncoderDecoderScorer : public Seq2Seq {
 public:
  EncoderDecoderScorer(std::unique_ptr<EncoderDecoder> model, std::unique_ptr<Tokenizer> tokenizer,
                       Seq2SeqInfo info, int64_t batch_tokens, const Context& context)
      : model_(std::move(model)),
        tokenizer_(std::move(tokenizer)),
        info_(std::move(info)),
        batch_tokens_(batch_tokens),
        context_(context) {}

  const Seq2SeqInfo& info() const override { return info_; }

  std::vector<LogLikelihood> log_likelihood(std::span<const Seq2SeqRequest> requests) override {
    const at::NoGradGuard no_grad;
    std::vector<LogLikelihood> results(requests.size());
    const auto pairs = encode(requests);
    Progress progress = context_.progress("scoring", static_cast<int64_t>(pairs.size()), "pairs");
    for (size_t begin = 0; begin < pairs.size();) {
      context_.throw_if_interrupted();
      const auto batch = std::span(pairs).subspan(begin, batch_size(std::span(pairs).subspan(begin)));
      const auto tokens = score(batch);
      size_t at = 0;
      for (const Pair& pair : batch) {
        results[pair.request] =
            summed(std::span(tokens).subspan(at, pair.target.size()), requests[pair.request].target.size());
        at += pair.target.size();
      }
      begin += batch.size();
      progress.advance(static_cast<int64_t>(batch.size()));
    }
    return results;
  }

 private:
  // Pairs of one source beside one another.
  std::vector<Pair> encode(std::span<const Seq2SeqRequest> requests) const {
    std::vector<Pair> pairs;
    for (size_t i = 0; i < requests.size(); ++i) {
      const std::string texts[] = {requests[i].source, requests[i].target};
      auto ids = encode_within(*tokenizer_, texts, kAnyLength, context_);
      if (ids[0].empty() || ids[1].empty()) continue;
      pairs.push_back({std::move(ids[0]), std::move(ids[1]), i});
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.source < b.source; });
    return pairs;
  }

  // How many of the next pairs go into one pass.
  size_t batch_size(std::span<const Pair> pairs) const {
    int64_t tokens = 0;
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (i == 0 || pairs[i].source != pairs[i - 1].source)
        tokens += static_cast<int64_t>(pairs[i].source.size());
      tokens += static_cast<int64_t>(pairs[i].target.size());
      if (i > 0 && tokens > batch_tokens_) return i;
    }
    return pairs.size();
  }

  // Log-probabilities of all targets' tokens, one target after the other.
  std::vector<double> score(std::span<const Pair> pairs) const {
    TokenBatch sources, targets;
    std::vector<int64_t> texts, labels;
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Pair& pair = pairs[i];
      texts.push_back(i > 0 && pair.source == pairs[i - 1].source ? texts.back() : sources.add(pair.source));
      Ids inputs{model_->start_token_id()};
      inputs.insert(inputs.end(), pair.target.begin(), pair.target.end() - 1);
      targets.add(inputs);
      labels.insert(labels.end(), pair.target.begin(), pair.target.end());
    }
    for (const int64_t label : labels) check_label(label);
    const at::Tensor hidden = model_->decode(targets, sources, model_->encode(sources), texts);
    const at::Tensor wanted = at::tensor(at::ArrayRef<int64_t>(labels), at::kLong).to(hidden.device());
    const at::Tensor logps = ops::token_logps(hidden, model_->head_weight(), wanted, model_->head_options())
                                 .to(at::kCPU)
                                 .to(at::kDouble)
                                 .contiguous();
    std::vector<double> values(logps.const_data_ptr<double>(),
                               logps.const_data_ptr<double>() + logps.numel());
    check_finite(values, info_.model);
    return values;
  }

  void check_label(int64_t label) const {
    if (label < 0 || label >= model_->config().vocab_size)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("the tokenizer gave token ", label, "; the model has ", model_->config().vocab_size,
                          ": tokenizer and weights are not of one model"),
                  info_.model);
  }

  std::unique_ptr<EncoderDecoder> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  Seq2SeqInfo info_;
  int64_t batch_tokens_;
  Context context_;
};

}  // namespace

std::unique_ptr<Seq2Seq> load_seq2seq(const Seq2SeqOptions& options, const Placement& where,
                                      const Context& context) {
  const auto source = open_model_source(options.model);
  auto tokenizer = load_tokenizer(options.model, context);
  auto model = load_encoder_decoder(*source, where, context);
  Seq2SeqInfo info{options.model.string(), model->config().model_type, model->num_parameters()};
  return std::make_unique<EncoderDecoderScorer>(std::move(model), std::move(tokenizer), std::move(info),
                                                batch_tokens_or_default(options.batch_tokens, where),
                                                context);
}

}  // namespace xlt
