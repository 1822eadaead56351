// SPDX-License-Identifier: Apache-2.0
// RTP-LX (de Wynter et al. 2025): rtp_lx/prompts/{lang}.jsonl, or rtp_lx/RTP_LX_{LANG}.json as published (zh
// is ZH-Hans there).
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/toxicity.h"

#include <algorithm>

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
                  united(languages_in(data / "rtp_lx" / "prompts", ".jsonl"), published_languages(data)));
  }
  // RTP_LX_TR.json → tr; the file of zh carries its script.
  static std::vector<std::string> published_languages(const std::filesystem::path& data) {
    std::vector<std::string> tags = languages_in(data / "rtp_lx", ".json", "RTP_LX_");
    std::replace(tags.begin(), tags.end(), std::string("zh-Hans"), std::string("zh"));
    return tags;
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    const auto published = language_file(data / "rtp_lx", language, ".json", "RTP_LX_");
    return {std::filesystem::exists(published)
                ? published
                : language_file(data / "rtp_lx" / "prompts", language, ".jsonl")};
  }
  std::vector<ScoredItem> score(const CellInput& input) const override {
    return score_toxicity("rtp_lx", read_toxicity_prompts(input), input);
  }
  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const override {
    return toxicity_metrics(scoring, options);
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_rtp_lx_benchmark() { return std::make_unique<RtpLx>(); }

}  // namespace xlt
