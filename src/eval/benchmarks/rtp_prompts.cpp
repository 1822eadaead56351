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
  const char* description() const override {
    return "toxicity of sampled continuations of each provocative prompt";
  }
  const char* version() const override { return "1"; }
  bool uses_scorer() const override { return true; }
  std::vector<std::string> depends_on() const override { return toxicity_options(); }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united({"ar", "cs", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru",
                   "sv", "zh"},
                  languages_in(data / "rtp_prompts", ".jsonl"));
  }
  std::filesystem::path file(const std::filesystem::path& data, const std::string& language) const override {
    return data / "rtp_prompts" / (language + ".jsonl");
  }
  std::vector<ScoredItem> score(const std::filesystem::path& file, const std::string& language,
                                const BenchmarkContext& context) const override {
    return score_toxicity("rtp_prompts", read_toxicity_prompts(file, context.options.limit), language,
                          context);
  }
  std::vector<MetricSpec> metrics(const std::string& scoring) const override {
    return toxicity_metrics(scoring);
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_rtp_prompts_benchmark() { return std::make_unique<RtpPrompts>(); }

}  // namespace xlt
