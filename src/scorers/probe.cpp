// SPDX-License-Identifier: Apache-2.0
// `probe:DIR[#MODEL]`: the probability that a logistic head on a language model's mean hidden states gives
// (`xlt probe`). The base model is looked for where it was when the probe was trained, or in MODEL; it is the
// same by content or refused.

#include "scorers/factories.h"
#include "scorers/probabilities.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

class ProbeScorer final : public TextScorer {
 public:
  ProbeScorer(const ScorerSpec& spec, ScorerModels& models)
      : probe_(models.load_probe(spec.argument, spec.label)) {
    fs::path folder = fs::path(spec.argument).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    name_ = "probe:" + folder.filename().string();
  }

  std::string name() const override { return name_; }
  std::string hash() const override { return probe_.hash; }
  // It answers in every language that its base model reads; how well, a card says.
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  std::vector<std::string> trained_languages() const override { return probe_.languages; }

  size_t texts_a_call() const override { return kTextsOfClassifier; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    return probabilities_of(*probe_.classifier, requests, 0);
  }

 private:
  LoadedProbe probe_;
  std::string name_;
};

}  // namespace

LoadedProbe ScorerModels::load_probe(const fs::path& probe, const fs::path&) {
  throw Error(ErrorKind::kUnsupported, "probes cannot be loaded here", probe.string());
}

std::unique_ptr<TextScorer> make_probe_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.argument.empty())
    throw Error(ErrorKind::kUsage,
                "no folder; expected probe:DIR or probe:DIR#MODEL, DIR as xlt probe writes it",
                "--scorer probe");
  XLT_CHECK(services.models != nullptr, "a probe is asked for where no models can be loaded");
  return std::make_unique<ProbeScorer>(spec, *services.models);
}

}  // namespace xlt
