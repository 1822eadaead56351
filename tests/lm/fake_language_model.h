// SPDX-License-Identifier: Apache-2.0
// A language model that says what a test scripts: no weights, no tokenizer, no libtorch. Tokens are words.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xlt/lm/language_model.h"

namespace xlt {

class FakeLanguageModel : public LanguageModel {
 public:
  // Scripted values by text; a text without one is scored by `fallback`.
  std::map<std::string, LogLikelihood> scripted;
  std::function<LogLikelihood(const std::string&)> fallback = [](const std::string& text) {
    return LogLikelihood{-1.0 * static_cast<double>(words_of(text).size()),
                         static_cast<int64_t>(words_of(text).size()),
                         {},
                         0};
  };
  // Completions of a prompt, cycled over the samples; a prompt without any gets `default_completions`.
  std::map<std::string, std::vector<std::string>> completions;
  std::vector<std::string> default_completions{"and so on it goes"};
  std::optional<double> bos = -2.0;
  // What padded batches give, in the order of the texts; nothing: the tokenizer pads on the right.
  std::optional<std::vector<LogLikelihood>> left_padded;
  // What divergence_from_base gives for every text; nothing: there is no untouched model.
  std::optional<Divergence> divergence;
  // The untouched model's answer to a text; nothing: there is no untouched model.
  std::function<LogLikelihood(const std::string&)> base;
  LanguageModelInfo description{"fake", "", "fake", "float32", "cpu", "none", 0, 1024, true};

  // What was asked.
  std::vector<GenerateRequest> generate_requests;
  std::vector<LogLikelihoodRequest> likelihood_requests;
  std::vector<std::string> rolling_texts, padded_texts;
  GenerationOptions last_options;
  std::optional<TextStart> last_start;
  int num_calls = 0;
  // Called before each verb; may throw, to play a failure or an interruption.
  std::function<void(int call)> before_call;

  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override {
    begin_call();
    last_options = options;
    std::vector<std::vector<Completion>> results;
    for (const GenerateRequest& request : requests) {
      generate_requests.push_back(request);
      const auto found = completions.find(request.prompt);
      const auto& texts = found == completions.end() ? default_completions : found->second;
      std::vector<Completion>& samples = results.emplace_back();
      const int64_t count = options.greedy ? 1 : options.num_samples;
      const bool is_too_long =
          static_cast<int64_t>(words_of(request.prompt).size()) + options.max_new_tokens >
          description.max_length;
      for (int64_t k = 0; k < count; ++k)
        samples.push_back(
            is_too_long
                ? Completion{"", {}, FinishReason::kTooLong}
                : Completion{texts[static_cast<size_t>(k) % texts.size()], {}, FinishReason::kLength});
      num_tokens_ += count;
    }
    return results;
  }

  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override {
    begin_call();
    std::vector<LogLikelihood> results;
    for (const LogLikelihoodRequest& request : requests) {
      likelihood_requests.push_back(request);
      results.push_back(score(request.context + request.continuation));
    }
    return results;
  }

  // All bytes of a text count as scored, unless its script says how many.
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                    TextStart start) override {
    begin_call();
    last_start = start;
    std::vector<LogLikelihood> results;
    for (const std::string& text : texts) {
      rolling_texts.push_back(text);
      results.push_back(score(text));
      if (results.back().num_bytes == 0) results.back().num_bytes = static_cast<int64_t>(text.size());
    }
    return results;
  }

  std::optional<double> bos_log_likelihood() override { return bos; }
  std::optional<std::vector<LogLikelihood>> left_padded_log_likelihood(
      std::span<const std::string> texts) override {
    padded_texts.assign(texts.begin(), texts.end());
    return left_padded;
  }
  std::optional<std::vector<Divergence>> divergence_from_base(std::span<const std::string> texts,
                                                              TextStart) override {
    if (!divergence) return std::nullopt;
    return std::vector<Divergence>(texts.size(), *divergence);
  }
  std::optional<std::vector<LogLikelihood>> base_log_likelihood(
      std::span<const LogLikelihoodRequest> requests) override {
    if (!base) return std::nullopt;
    std::vector<LogLikelihood> results;
    for (const LogLikelihoodRequest& request : requests)
      results.push_back(base(request.context + request.continuation));
    return results;
  }
  std::vector<std::string> tokenize(std::string_view text) const override {
    return words_of(std::string(text));
  }
  const LanguageModelInfo& info() const override { return description; }
  int64_t num_tokens_computed() const override { return num_tokens_; }

  static std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::string word;
    for (char c : text + " ") {
      if (c != ' ' && c != '\n') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    }
    return words;
  }

 private:
  void begin_call() {
    ++num_calls;
    if (before_call) before_call(num_calls);
  }
  LogLikelihood score(const std::string& text) {
    const auto found = scripted.find(text);
    const LogLikelihood result = found == scripted.end() ? fallback(text) : found->second;
    num_tokens_ += result.num_tokens;
    return result;
  }
  int64_t num_tokens_ = 0;
};

}  // namespace xlt
