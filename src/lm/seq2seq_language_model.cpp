// SPDX-License-Identifier: Apache-2.0
#include "lm/seq2seq_language_model.h"

#include <limits>

#include "xlt/base/error.h"
#include "xlt/lm/seq2seq.h"

namespace xlt {

namespace {

class Seq2SeqLanguageModel final : public LanguageModel {
 public:
  Seq2SeqLanguageModel(std::unique_ptr<Seq2Seq> seq2seq, LanguageModelInfo info)
      : seq2seq_(std::move(seq2seq)), info_(std::move(info)) {}

  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override {
    std::vector<Seq2SeqRequest> pairs;
    for (const LogLikelihoodRequest& request : requests)
      pairs.push_back({request.context, request.continuation});
    auto scores = seq2seq_->log_likelihood(pairs);
    for (const LogLikelihood& score : scores) num_tokens_computed_ += score.num_tokens;
    return scores;
  }
  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest>,
                                                const GenerationOptions&) override {
    refuse();
  }
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string>, TextStart) override {
    refuse();
  }
  std::optional<double> bos_log_likelihood() override { return std::nullopt; }
  std::vector<std::string> tokenize(std::string_view) const override { refuse(); }
  const LanguageModelInfo& info() const override { return info_; }
  int64_t num_tokens_computed() const override { return num_tokens_computed_; }

 private:
  [[noreturn]] void refuse() const {
    throw Error(
        ErrorKind::kUnsupported,
        str_cat("an encoder-decoder (", info_.model_type,
                ") gives the likelihood of a continuation given its context, and nothing else here; give a "
                "decoder, or rows {\"context\", \"continuation\"} to xlt score"),
        info_.model);
  }

  std::unique_ptr<Seq2Seq> seq2seq_;
  LanguageModelInfo info_;
  int64_t num_tokens_computed_ = 0;
};

}  // namespace

std::unique_ptr<LanguageModel> load_seq2seq_language_model(const LanguageModelOptions& options,
                                                           const Placement& where, const Context& context) {
  if (!options.adapter.empty())
    throw Error(ErrorKind::kUnsupported, "an encoder-decoder takes no adapter", options.adapter.string());
  auto seq2seq = load_seq2seq({options.model, options.batch_tokens}, where, context);
  LanguageModelInfo info;
  info.model = options.model.string();
  info.model_type = seq2seq->info().model_type;
  info.dtype = name_of(where.dtype);
  info.device = name_of(where);
  info.num_parameters = seq2seq->info().num_parameters;
  info.max_length = std::numeric_limits<int64_t>::max();  // positions are relative
  return std::make_unique<Seq2SeqLanguageModel>(std::move(seq2seq), std::move(info));
}

}  // namespace xlt
