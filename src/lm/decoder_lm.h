// SPDX-License-Identifier: Apache-2.0
// The three verbs on a decoder.
#pragma once

#include <memory>
#include <vector>

#include "xlt/lm/language_model.h"
#include "xlt/models/decoder.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

// Tokens, of which [first_scored, size) are scored, each given all before it.
struct ScoringSequence {
  std::vector<int64_t> ids;
  int64_t first_scored = 1;
};

class DecoderLm : public LanguageModel {
 public:
  // `stop_ids`: tokens at which generation ends, besides the tokenizer's EOS.
  DecoderLm(std::unique_ptr<Decoder> decoder, std::unique_ptr<Tokenizer> tokenizer,
            std::vector<int64_t> stop_ids, LanguageModelInfo info, int64_t batch_tokens,
            const Context& context);

  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override;
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override;
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts) override;
  std::optional<double> bos_log_likelihood() override;
  std::vector<std::string> tokenize(std::string_view text) const override;
  const LanguageModelInfo& info() const override { return info_; }
  int64_t num_tokens_computed() const override { return num_tokens_computed_; }

 private:
  std::vector<std::vector<double>> score(const std::vector<ScoringSequence>& sequences);

  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<int64_t> stop_ids_;
  LanguageModelInfo info_;
  int64_t batch_tokens_;
  Context context_;
  int64_t num_tokens_computed_ = 0;
};

}  // namespace xlt
