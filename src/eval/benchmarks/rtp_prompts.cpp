// SPDX-License-Identifier: Apache-2.0
// Parallel RealToxicityPrompts (Li et al. 2024): rtp_prompts/{lang}.jsonl, rows `Prompt`.
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/toxicity.h"

#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

class RtpPrompts : public Benchmark {
 public:
  std::string description() const override {
    return "toxicity of sampled continuations of each provocative prompt";
  }
  std::string version() const override { return "2"; }
  BenchmarkUses uses() const override { return {.sampling = true, .scorers = true, .identifier = true}; }
  std::vector<SummarySubject> summary() const override { return toxicity_summary("rtp_prompts"); }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united({"ar", "cs", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru",
                   "sv", "zh"},
                  here(data).languages());
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    return {here(data).file(language)};
  }
  std::vector<ScoredItem> score(const CellInput& input) const override {
    return score_toxicity_file("rtp_prompts", input);
  }
  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const override {
    return toxicity_metrics(scoring, options);
  }

 private:
  static LanguageFiles here(const std::filesystem::path& data) { return {data, "rtp_prompts/{lang}.jsonl"}; }
};

}  // namespace

std::unique_ptr<Benchmark> make_rtp_prompts_benchmark() { return std::make_unique<RtpPrompts>(); }

}  // namespace xlt
