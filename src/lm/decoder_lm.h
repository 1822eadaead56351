// SPDX-License-Identifier: Apache-2.0
// The three verbs on a decoder.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "xlt/lm/language_model.h"
#include "xlt/models/decoder.h"
#include "xlt/text/padding.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

// Tokens, of which [first_scored, size) are scored, each given all before it.
struct ScoringSequence {
  std::vector<int64_t> ids;
  int64_t first_scored = 1;
};

// What cannot be computed is an error of the checkpoint, not a missing number: kCheckpoint.
[[noreturn]] void throw_not_finite(const LanguageModelInfo& info);

class DecoderLm : public LanguageModel {
 public:
  // `stop_ids`: tokens at which generation ends, besides the tokenizer's EOS.
  DecoderLm(std::shared_ptr<Decoder> decoder, std::shared_ptr<const Tokenizer> tokenizer,
            std::vector<int64_t> stop_ids, LanguageModelInfo info, int64_t batch_tokens,
            const Context& context);
  // How published code would pad a batch; without it, on the right.
  void set_padding(const Padding& padding) { padding_ = padding; }
  // The untouched model of divergence_from_base; without it, this one with its adapter off. Throws kUsage
  // where the vocabularies differ.
  void set_base(std::unique_ptr<Decoder> base, const std::string& name);

  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override;
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override;
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                    TextStart start) override;
  std::optional<double> bos_log_likelihood() override;
  std::optional<std::vector<LogLikelihood>> left_padded_log_likelihood(
      std::span<const std::string> texts) override;
  std::optional<std::vector<Divergence>> divergence_from_base(std::span<const std::string> texts,
                                                              TextStart start) override;
  std::optional<std::vector<LogLikelihood>> base_log_likelihood(
      std::span<const LogLikelihoodRequest> requests) override;
  std::vector<std::string> tokenize(std::string_view text) const override;
  const LanguageModelInfo& info() const override { return info_; }
  int64_t num_tokens_computed() const override { return num_tokens_computed_; }

 private:
  std::vector<std::vector<double>> score(const Decoder& decoder,
                                         const std::vector<ScoringSequence>& sequences);
  std::vector<LogLikelihood> log_likelihood_by(const Decoder& decoder,
                                               std::span<const LogLikelihoodRequest> requests);
  // Tokens of a text, special ones included, with what TextStart puts before them.
  std::vector<int64_t> encode(std::string_view text, TextStart start) const;
  std::vector<int64_t> encode_prompt(const GenerateRequest& request) const {
    if (request.is_rendered) return encode(request.prompt, TextStart::kRendered);
    return encode(request.prompt, request.prompt.empty() ? TextStart::kDocument : TextStart::kAsTokenized);
  }
  // What stands for the start of a document where the tokenizer puts nothing before a text: BOS, else EOS.
  std::optional<int64_t> document_start() const;

  std::shared_ptr<Decoder> decoder_, base_;  // shared with a training where it is on
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<int64_t> stop_ids_;
  Padding padding_;
  LanguageModelInfo info_;
  int64_t batch_tokens_;
  Context context_;
  int64_t num_tokens_computed_ = 0;
};

}  // namespace xlt
