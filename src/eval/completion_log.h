// SPDX-License-Identifier: Apache-2.0
// What a model said in a cell, in a file as soon as it is there: an evaluation that is killed in the middle
// of a language asks for the rest alone when it goes on.
//
//   CompletionLog log(file);
//   KeepingLanguageModel keeping(model, log);   // benchmarks ask it as they ask the model
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "xlt/lm/language_model.h"

namespace xlt {

// Completions by GenerateRequest's id and prompt, of one model under one set of options: the file's name
// tells them apart.
class CompletionLog {
 public:
  using Completions = std::map<std::string, std::vector<Completion>>;

  // Reads what is there: the lines before the first that is not whole, which is where a kill left it.
  explicit CompletionLog(std::filesystem::path file);

  const Completions& kept() const { return kept_; }
  // Tokens that the model computed for what was read.
  int64_t num_tokens() const { return num_tokens_; }
  // Writes them as one line; throws kIo where that fails.
  void add(const Completions& completions, int64_t num_tokens);

 private:
  std::filesystem::path file_;
  Completions kept_;
  int64_t num_tokens_ = 0;
  size_t whole_bytes_ = 0;  // of the lines that were read or written
};

// The model, but for completions that the log has: these are not asked for again, and others go into it, some
// seconds' worth at a time. What it says is what the model would.
class KeepingLanguageModel : public LanguageModel {
 public:
  KeepingLanguageModel(LanguageModel& model, CompletionLog& log) : model_(model), log_(log) {}

  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override;
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override {
    return model_.log_likelihood(requests);
  }
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                    TextStart start) override {
    return model_.rolling_log_likelihood(texts, start);
  }
  std::optional<double> bos_log_likelihood() override { return model_.bos_log_likelihood(); }
  std::optional<std::vector<LogLikelihood>> left_padded_log_likelihood(
      std::span<const std::string> texts) override {
    return model_.left_padded_log_likelihood(texts);
  }
  std::optional<std::vector<Divergence>> divergence_from_base(std::span<const std::string> texts,
                                                              TextStart start) override {
    return model_.divergence_from_base(texts, start);
  }
  std::optional<std::vector<LogLikelihood>> base_log_likelihood(
      std::span<const LogLikelihoodRequest> requests) override {
    return model_.base_log_likelihood(requests);
  }
  std::vector<std::string> tokenize(std::string_view text) const override { return model_.tokenize(text); }
  const LanguageModelInfo& info() const override { return model_.info(); }
  int64_t num_tokens_computed() const override { return model_.num_tokens_computed(); }

 private:
  void ask(std::span<const GenerateRequest> requests, const GenerationOptions& options,
           CompletionLog::Completions& answers);

  LanguageModel& model_;
  CompletionLog& log_;
};

}  // namespace xlt
