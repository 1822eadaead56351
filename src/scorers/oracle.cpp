// SPDX-License-Identifier: Apache-2.0
// `oracle:WORLD[#question]`: what the grammar of a world of `xlt lab` (its world.json) knows of a text,
// exactly: toxic, the usual question, foreign, ungrammatical or stereotype (xlt/lab/oracle.h).
#include "scorers/factories.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr int kJudging = 1;  // changes with what an oracle says

class OracleScorer final : public TextScorer {
 public:
  OracleScorer(const ScorerSpec& spec, ScorerModels& models)
      : question_(spec.label.empty() ? "toxic" : spec.label),
        oracle_(models.load_oracle(spec.argument, question_)),
        hash_(sha256(str_cat("oracle ", kJudging, "\n", question_, "\n", sha256_of_file(spec.argument)))) {}

  std::string name() const override { return "oracle#" + question_; }
  std::string hash() const override { return hash_; }
  bool is_costly() const override { return false; }
  std::optional<Unscored> refusal(const std::string& language) const override {
    if (oracle_->knows(language)) return std::nullopt;
    return Unscored{Reason::kOther, language + " is no language of this world"};
  }
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) results.push_back(score_one(request));
    return results;
  }

 private:
  ScoreResult score_one(const ScoreRequest& request) const {
    if (const auto reason = refusal(request.language)) return *reason;
    if (is_blank(request.text)) return Unscored{Reason::kEmptyText};
    const auto value = oracle_->judge(request.text, request.language);
    if (!value) return Unscored{Reason::kOther, "says nothing of what is asked"};
    return Score{*value};
  }

  std::string question_;
  std::unique_ptr<TextOracle> oracle_;
  std::string hash_;
};

}  // namespace

std::unique_ptr<TextOracle> ScorerModels::load_oracle(const fs::path& world, const std::string&) {
  throw Error(ErrorKind::kUnsupported, "oracles cannot be loaded here", world.string());
}

std::unique_ptr<TextScorer> make_oracle_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.argument.empty())
    throw Error(ErrorKind::kUsage,
                "no world; expected oracle:WORLD or oracle:WORLD#QUESTION, WORLD a world.json of `xlt lab`",
                "--scorer oracle");
  XLT_CHECK(services.models != nullptr, "an oracle is asked for where none can be loaded");
  return std::make_unique<OracleScorer>(spec, *services.models);
}

}  // namespace xlt
