// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/described_data.h"

#include "eval/described/described_benchmark.h"

#include <algorithm>
#include <array>

#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

// Answers whatever is asked, so that a benchmark reads its data by the very code that an evaluation runs.
class AnyAnswer final : public LanguageModel {
 public:
  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override {
    const auto count = static_cast<size_t>(options.num_samples);
    return std::vector<std::vector<Completion>>(requests.size(), std::vector<Completion>(count));
  }
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override {
    return std::vector<LogLikelihood>(requests.size(), LogLikelihood{-1, 1, {-1}, 1});
  }
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts, TextStart) override {
    return std::vector<LogLikelihood>(texts.size(), LogLikelihood{-1, 1, {-1}, 1});
  }
  std::optional<double> bos_log_likelihood() override { return std::nullopt; }
  std::vector<std::string> tokenize(std::string_view) const override { return {}; }
  const LanguageModelInfo& info() const override { return info_; }
  int64_t num_tokens_computed() const override { return 0; }

 private:
  LanguageModelInfo info_;
};

}  // namespace

bool looks_like_description(const Json& json) {
  constexpr std::array kKeys = {"cut_at", "fields", "file", "kind", "name"};
  return json.is_object() &&
         std::any_of(kKeys.begin(), kKeys.end(), [&](const char* key) { return json.contains(key); });
}

std::vector<std::string> described_languages(const std::filesystem::path& description,
                                             const std::filesystem::path& data) {
  return make_described_benchmark(description, data).benchmark->languages(data);
}

int64_t check_described_file(const std::filesystem::path& description, const std::filesystem::path& data,
                             const std::string& language) {
  const NamedBenchmark described = make_described_benchmark(description, data);
  AnyAnswer lm;
  const EvalServices services{.lm = &lm};
  const EvalOptions options;
  const Context context;
  const auto items = described.benchmark->score(
      {language, described.benchmark->files(data, language), options, services, context});
  return static_cast<int64_t>(items.size());
}

}  // namespace xlt
