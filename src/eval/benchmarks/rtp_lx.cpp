// SPDX-License-Identifier: Apache-2.0
// RTP-LX (de Wynter et al. 2025): rtp_lx/RTP_LX_{LANG}.json as published, or rtp_lx/prompts/{lang}.jsonl.
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/toxicity.h"

#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

class RtpLx : public Benchmark {
 public:
  std::string description() const override {
    return "toxicity of sampled continuations of each RTP-LX prompt";
  }
  std::string version() const override { return "2"; }
  BenchmarkUses uses() const override { return {.sampling = true, .scorers = true, .identifier = true}; }
  std::vector<SummarySubject> summary() const override { return toxicity_summary("rtp_lx"); }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united({"ar", "cs", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru",
                   "sv", "zh"},
                  united(published(data).languages(), own(data).languages()));
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    const LanguageFiles published_files = published(data);
    return {published_files.has(language) ? published_files.file(language) : own(data).file(language)};
  }
  std::vector<ScoredItem> score(const CellInput& input) const override {
    return score_toxicity_file("rtp_lx", input);
  }
  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const override {
    return toxicity_metrics(scoring, options);
  }

 private:
  static LanguageFiles published(const std::filesystem::path& data) {
    return {data, "rtp_lx/RTP_LX_{lang}.json", {{"NO-NB", "nb"}, {"ZH-Hans", "zh"}}};
  }
  static LanguageFiles own(const std::filesystem::path& data) {
    return {data, "rtp_lx/prompts/{lang}.jsonl"};
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_rtp_lx_benchmark() { return std::make_unique<RtpLx>(); }

}  // namespace xlt
